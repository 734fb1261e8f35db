extension CollectiveCall {
    /// Does the operation for all ranks at once, in plain memory; `calls` has one element per rank, in rank order.
    ///
    /// This is the reference that says what each operation means; MPI is tested against the same checks.
    static func complete(_ calls: some RandomAccessCollection<CollectiveCall>) {
        guard let first = calls.first else { return }
        switch first.kind {
        case .barrier: break
        case .broadcast: completeBroadcast(calls, root: first.root)
        case .gather: completeGather(calls, into: calls[calls.index(calls.startIndex, offsetBy: first.root)])
        case .allGather: for call in calls { completeGather(calls, into: call) }
        case .reduceScatter: completeReduceScatter(calls)
        case .allReduce: completeAllReduce(calls, first)
        }
    }

    private static func completeBroadcast(_ calls: some RandomAccessCollection<CollectiveCall>, root: Int) {
        let source = UnsafeRawBufferPointer(calls[calls.index(calls.startIndex, offsetBy: root)].receive)
        for (rank, call) in calls.enumerated() where rank != root { call.receive.copyMemory(from: source) }
    }

    private static func completeGather(
        _ calls: some RandomAccessCollection<CollectiveCall>, into receiver: CollectiveCall
    ) {
        for (rank, call) in calls.enumerated() where !call.send.isEmpty {
            let start = receiver.displacements[rank]
            let target = UnsafeMutableRawBufferPointer(rebasing: receiver.receive[start..<start + call.send.count])
            guard target.baseAddress.map(UnsafeRawPointer.init) != call.send.baseAddress else { continue }
            target.copyMemory(from: call.send)
        }
    }

    private static func completeReduceScatter(_ calls: some RandomAccessCollection<CollectiveCall>) {
        var start = 0
        for (rank, receiver) in calls.enumerated() {
            let count = receiver.counts[rank]
            let sums = receiver.receive.bindMemory(to: Int64.self)
            sums.update(repeating: 0)
            for call in calls {
                let values = call.send.bindMemory(to: Int64.self)
                for index in 0..<count { sums[index] &+= values[start + index] }
            }
            start += count
        }
    }

    private static func completeAllReduce(
        _ calls: some RandomAccessCollection<CollectiveCall>, _ first: CollectiveCall
    ) {
        let result = first.receive.bindMemory(to: Int64.self)
        for call in calls.dropFirst() {
            let values = call.receive.bindMemory(to: Int64.self)
            for index in result.indices {
                switch first.reduction {
                case .sum: result[index] &+= values[index]
                case .max: result[index] = max(result[index], values[index])
                case .min: result[index] = min(result[index], values[index])
                }
            }
        }
        for call in calls.dropFirst() { call.receive.copyMemory(from: UnsafeRawBufferPointer(first.receive)) }
    }
}
