/// Operations that return when they are done, for control messages and the outskirts of a step.
extension Communicator {
    /// Returns when every rank has called it.
    package func barrier() throws(CollectiveError) { try startBarrier().wait() }

    /// The bytes of `root` on every rank; what other ranks pass is ignored, their sizes may differ.
    package func broadcast(_ bytes: [UInt8], root: Int = 0) throws(CollectiveError) -> [UInt8] {
        var count = Int64(bytes.count)
        try broadcast(&count, root: root)
        var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
        try waitFor(&result) { startBroadcast($0, root: root) }
        return result
    }

    /// `value` of `root` on every rank.
    package func broadcast(_ value: inout Int64, root: Int = 0) throws(CollectiveError) {
        try waitFor(&value) { startBroadcast(UnsafeMutableRawBufferPointer($0), root: root) }
    }

    /// The bytes of every rank, in rank order; their sizes may differ.
    package func allGather(_ bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        let parts = try Parts(counts: allGather(Int64(bytes.count)).map(Int.init))
        var received = [UInt8](repeating: 0, count: parts.total)
        var bytes = bytes
        try waitFor(&bytes, &received) {
            startAllGather(
                send: UnsafeRawBufferPointer($0), receive: $1, counts: parts.counts, displacements: parts.starts)
        }
        return parts.divided(received)
    }

    /// The bytes of every rank in rank order, at `root` only; nil elsewhere. Their sizes may differ.
    package func gather(_ bytes: [UInt8], root: Int = 0) throws(CollectiveError) -> [[UInt8]]? {
        let parts = try Parts(counts: allGather(Int64(bytes.count)).map(Int.init))
        var received = [UInt8](repeating: 0, count: rank == root ? parts.total : 0)
        var bytes = bytes
        try waitFor(&bytes, &received) {
            startGather(
                send: UnsafeRawBufferPointer($0), receive: $1, counts: parts.counts, displacements: parts.starts,
                root: root)
        }
        return rank == root ? parts.divided(received) : nil
    }

    /// One number of every rank, in rank order.
    package func allGather(_ value: Int64) throws(CollectiveError) -> [Int64] {
        var value = value
        var values = [Int64](repeating: 0, count: size)
        let counts = [Int](repeating: 8, count: size)
        let displacements = (0..<size).map { $0 * 8 }
        try withUnsafeMutablePointer(to: &value) { value throws(CollectiveError) in
            try values.withUnsafeMutableBufferPointer { values throws(CollectiveError) in
                try startAllGather(
                    send: UnsafeRawBufferPointer(start: value, count: 8),
                    receive: UnsafeMutableRawBufferPointer(values), counts: counts, displacements: displacements
                ).wait()
            }
        }
        return values
    }

    /// The values of all ranks, joined element by element, replace `values`; allocates nothing.
    package func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: CollectiveCall.Reduction
    ) throws(CollectiveError) {
        try startAllReduce(values, reduction).wait()
    }

    package func allReduce(
        _ values: [Int64], _ reduction: CollectiveCall.Reduction
    ) throws(CollectiveError) -> [Int64] {
        var values = values
        try values.withUnsafeMutableBufferPointer { values throws(CollectiveError) in
            try allReduce(values, reduction)
        }
        return values
    }

    package func allReduce(_ value: Int64, _ reduction: CollectiveCall.Reduction) throws(CollectiveError) -> Int64 {
        var value = value
        try waitFor(&value) { startAllReduce($0, reduction) }
        return value
    }

    private func waitFor(
        _ value: inout Int64, _ start: (UnsafeMutableBufferPointer<Int64>) -> PendingRequest
    ) throws(CollectiveError) {
        try withUnsafeMutablePointer(to: &value) { value throws(CollectiveError) in
            try start(UnsafeMutableBufferPointer(start: value, count: 1)).wait()
        }
    }

    private func waitFor(
        _ bytes: inout [UInt8], _ start: (UnsafeMutableRawBufferPointer) -> PendingRequest
    ) throws(CollectiveError) {
        try bytes.withUnsafeMutableBufferPointer { bytes throws(CollectiveError) in
            try start(UnsafeMutableRawBufferPointer(bytes)).wait()
        }
    }

    private func waitFor(
        _ bytes: inout [UInt8], _ received: inout [UInt8],
        _ start: (UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer) -> PendingRequest
    ) throws(CollectiveError) {
        try bytes.withUnsafeMutableBufferPointer { bytes throws(CollectiveError) in
            try received.withUnsafeMutableBufferPointer { received throws(CollectiveError) in
                try start(UnsafeMutableRawBufferPointer(bytes), UnsafeMutableRawBufferPointer(received)).wait()
            }
        }
    }
}

/// Runs of bytes that lie one behind the other, one per rank.
private struct Parts {
    let counts: [Int]
    let starts: [Int]
    let total: Int

    init(counts: [Int]) {
        var starts: [Int] = []
        var next = 0
        for count in counts {
            starts.append(next)
            next += count
        }
        self.counts = counts
        self.starts = starts
        total = next
    }

    func divided(_ bytes: [UInt8]) -> [[UInt8]] {
        zip(starts, counts).map { start, count in Array(bytes[start..<start + count]) }
    }
}
