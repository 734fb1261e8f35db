internal import CMPI

/// A place for one operation in flight; places are used again and again, so that a step allocates none.
final class MPIOperation: @unchecked Sendable {
    // Sendable: it belongs to one side at a time. The engine's lock guards `status`, `error` and `next`; the rest is
    // the submitter's until it is queued, the comm thread's until it is done, and the submitter's again.
    enum Status { case free, queued, done }

    /// Its index among the engine's places.
    let ticket: Int
    var status = Status.free
    var error: CollectiveError?
    /// The next one in the queue or in the list of free places.
    var next: MPIOperation?

    private var call = CollectiveCall(.barrier)
    private var group = cmpi_comm_null()
    private var rank = 0
    private var size = 0
    private var tag: Int32 = 0
    private var setup: (() -> Void)?
    private var reduction: MPIReduceScatter?
    private var requests: [cmpi_request] = []
    /// Counts, then displacements: MPI may read them for as long as the operation runs, so they lie still.
    private var layout = UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)

    init(ticket: Int) {
        self.ticket = ticket
        requests.reserveCapacity(8)
    }

    deinit { layout.deallocate() }

    /// - Parameter sequence: the operation's number in its group, the same on every rank.
    func prepare(_ call: CollectiveCall, group: cmpi_comm, rank: Int, size: Int, sequence: Int) {
        self.call = call
        self.group = group
        // Messages of operations in flight at once must not be mistaken; MPI promises tags up to 32,767.
        tag = Int32(sequence % 32_768)
        self.rank = rank
        self.size = size
        setup = nil
    }

    /// Something else to do on the comm thread, in its turn: it may block.
    func prepare(_ setup: @escaping () -> Void) { self.setup = setup }

    /// Lets go of what the submitter passed.
    func clear() {
        call = CollectiveCall(.barrier)
        setup = nil
        error = nil
    }

    // MARK: On the comm thread

    /// Whether it moves so much that MPI needs many calls for it.
    var isBulk: Bool { max(call.send.count, call.receive.count) > 1 << 16 }

    /// Issues all collective calls of the operation at once: what is issued later could come in another order on
    /// another rank.
    func begin(largestTransfer: Int, pool: inout [MPIReduceScatter]) throws(CollectiveError) {
        requests.removeAll(keepingCapacity: true)
        if let setup { return setup() }
        switch call.kind {
        case .barrier: try issue { MPI_Ibarrier(group.handle, &$0.handle) }
        case .broadcast: try beginBroadcast(largestTransfer)
        case .gather: try exchange(roots: call.root..<call.root + 1, largestTransfer)
        case .allGather: try beginAllGather(largestTransfer)
        case .reduceScatter: try beginReduceScatter(largestTransfer, &pool)
        case .allReduce: try beginAllReduce(largestTransfer)
        }
    }

    /// Whether it is done; moves it, and all others, along. The corresponding MPI function is `MPI_Testall`.
    func test(pool: inout [MPIReduceScatter]) throws(CollectiveError) -> Bool {
        if let reduction {
            guard try reduction.advance() else { return false }
            pool.append(reduction)
            self.reduction = nil
        }
        guard !requests.isEmpty else { return true }
        var flag: Int32 = 0
        try check(cmpi_testall(Int32(requests.count), &requests, &flag))
        return flag != 0
    }

    private func beginReduceScatter(_ largest: Int, _ pool: inout [MPIReduceScatter]) throws(CollectiveError) {
        let taken = pool.popLast() ?? MPIReduceScatter()
        reduction = taken
        try taken.begin(call, group: group, rank: rank, tag: tag, largestTransfer: largest)
    }

    /// The corresponding MPI function is `MPI_Ibcast`.
    private func beginBroadcast(_ largest: Int) throws(CollectiveError) {
        try forEachPiece(of: call.receive.count, largest) { start, count throws(CollectiveError) in
            try issue {
                MPI_Ibcast(
                    call.receive.baseAddress.map { $0 + start }, count, cmpi_byte(), root, group.handle, &$0.handle)
            }
        }
    }

    /// The corresponding MPI function is `MPI_Iallgatherv`.
    private func beginAllGather(_ largest: Int) throws(CollectiveError) {
        // In a group of one, MPICH 4.0 ignores the displacement.
        guard size > 1, (0..<size).allSatisfy({ call.displacements[$0] + call.counts[$0] <= largest }) else {
            return try exchange(roots: 0..<size, largest)
        }
        if layout.count < 2 * size {
            layout.deallocate()
            layout = .allocate(capacity: 2 * size)
        }
        for other in 0..<size {
            layout[other] = Int32(call.counts[other])
            layout[size + other] = Int32(call.displacements[other])
        }
        let send = call.isInPlace(rank: rank) ? cmpi_in_place() : UnsafeRawPointer(call.send.baseAddress)
        try issue {
            MPI_Iallgatherv(
                send, Int32(call.send.count), cmpi_byte(), call.receive.baseAddress, layout.baseAddress,
                layout.baseAddress.map { $0 + size }, cmpi_byte(), group.handle, &$0.handle)
        }
    }

    /// Every rank sends its part to the roots directly, in pieces. The corresponding MPI functions are `MPI_Isend` and
    /// `MPI_Irecv`; their messages keep their order, and never meet those of a collective operation.
    private func exchange(roots: Range<Int>, _ largest: Int) throws(CollectiveError) {
        if roots.contains(rank) {
            for other in 0..<size where other != rank {
                let target = call.receive.baseAddress.map { $0 + call.displacements[other] }
                try forEachPiece(of: call.counts[other], largest) { start, count throws(CollectiveError) in
                    try issue {
                        MPI_Irecv(
                            target.map { $0 + start }, count, cmpi_byte(), Int32(other), tag, group.handle, &$0.handle)
                    }
                }
            }
            if let target = call.receive.baseAddress, let source = call.send.baseAddress, !call.isInPlace(rank: rank) {
                (target + call.displacements[rank]).copyMemory(from: source, byteCount: call.send.count)
            }
        }
        for root in roots where root != rank {
            try forEachPiece(of: call.send.count, largest) { start, count throws(CollectiveError) in
                try issue {
                    MPI_Isend(
                        call.send.baseAddress.map { $0 + start }, count, cmpi_byte(), Int32(root), tag, group.handle,
                        &$0.handle)
                }
            }
        }
    }

    /// The corresponding MPI function is `MPI_Iallreduce`.
    private func beginAllReduce(_ largest: Int) throws(CollectiveError) {
        let reduction =
            switch call.reduction {
            case .sum: cmpi_sum()
            case .max: cmpi_max()
            case .min: cmpi_min()
            }
        try forEachPiece(of: call.receive.count / 8, largest) { start, count throws(CollectiveError) in
            let values = call.receive.baseAddress.map { $0 + start * 8 }
            try issue {
                MPI_Iallreduce(cmpi_in_place(), values, count, cmpi_int64(), reduction, group.handle, &$0.handle)
            }
        }
    }

    private var root: Int32 { Int32(call.root) }

    /// MPI counts are 32-bit integers: a larger transfer is issued in pieces. Nothing is issued for nothing.
    private func forEachPiece(
        of total: Int, _ largest: Int, _ body: (_ start: Int, _ count: Int32) throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        var start = 0
        while start < total {
            let count = min(largest, total - start)
            try body(start, Int32(count))
            start += count
        }
    }

    private func issue(_ call: (inout cmpi_request) -> Int32) throws(CollectiveError) {
        var request = cmpi_request_null()
        try check(call(&request))
        requests.append(request)
    }

    private func check(_ code: Int32) throws(CollectiveError) { try MPICalls.check(code, "\(call.kind)") }
}
