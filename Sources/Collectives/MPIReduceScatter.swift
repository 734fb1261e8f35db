internal import CMPI

/// The way of a reduce-scatter: every rank sends each part to the rank that owns it, and owners add what they receive.
///
/// Parts go in blocks through two lanes of fixed scratch memory: one block is added while the next is under way. Open
/// MPI's own `MPI_Ireduce_scatter` takes the whole vector through rank 0; one `MPI_Ireduce` per part moves in rounds of
/// 32 KB, each of which would wait for the comm thread to wake up.
final class MPIReduceScatter {
    /// One block of every part on its way, from element `start` of each part on.
    private struct Lane {
        var requests: [cmpi_request] = []
        var start = 0
    }

    /// What one lane receives at most.
    private static let laneByteCount = 2 << 20

    private var call = CollectiveCall(.reduceScatter)
    private var group = cmpi_comm_null()
    private var rank = 0
    private var tag: Int32 = 0
    /// The longest part; all ranks go through as many blocks as it has.
    private var longest = 0
    private var blockCount = 0
    private var lanes = [Lane(), Lane()]
    private var turn = 0
    private var nextStart = 0
    private var scratch = UnsafeMutableBufferPointer<Int64>(start: nil, count: 0)

    deinit { scratch.deallocate() }

    func begin(
        _ call: CollectiveCall, group: cmpi_comm, rank: Int, tag: Int32, largestTransfer: Int
    ) throws(CollectiveError) {
        self.call = call
        self.group = group
        self.rank = rank
        self.tag = tag
        let others = max(1, call.counts.count - 1)
        longest = call.counts.max() ?? 0
        blockCount = max(1, min(longest, Self.laneByteCount / 8 / others, largestTransfer))
        if scratch.count < 2 * others * blockCount {
            scratch.deallocate()
            scratch = .allocate(capacity: 2 * others * blockCount)
        }
        nextStart = 0
        turn = 0
        for lane in lanes.indices { try post(lane) }
    }

    /// Moves it along; true when all sums are there. Lanes take turns strictly, so that messages meet in order.
    func advance() throws(CollectiveError) -> Bool {
        while lanes[turn].start < longest {
            if !lanes[turn].requests.isEmpty {
                var flag: Int32 = 0
                let count = Int32(lanes[turn].requests.count)
                try check(cmpi_testall(count, &lanes[turn].requests, &flag))
                guard flag != 0 else { return false }
            }
            add(from: lanes[turn].start, received: scratch(of: turn))
            try post(turn)
            turn = 1 - turn
        }
        return true
    }

    private func scratch(of lane: Int) -> UnsafeMutablePointer<Int64>? {
        scratch.baseAddress.map { $0 + lane * (scratch.count / 2) }
    }

    /// Sends and receives the next block. The corresponding MPI functions are `MPI_Irecv` and `MPI_Isend`.
    private func post(_ lane: Int) throws(CollectiveError) {
        let start = nextStart
        nextStart += blockCount
        lanes[lane].start = start
        lanes[lane].requests.removeAll(keepingCapacity: true)
        var target = scratch(of: lane)
        let own = count(of: rank, from: start)
        for other in call.counts.indices where other != rank && own > 0 {
            try issue(lane) { MPI_Irecv(target, Int32(own), cmpi_int64(), Int32(other), tag, group.handle, &$0.handle) }
            target = target.map { $0 + own }
        }
        var source = call.send.bindMemory(to: Int64.self).baseAddress
        for owner in call.counts.indices {
            let count = count(of: owner, from: start)
            if owner != rank && count > 0 {
                let block = source.map { $0 + start }
                try issue(lane) {
                    MPI_Isend(block, Int32(count), cmpi_int64(), Int32(owner), tag, group.handle, &$0.handle)
                }
            }
            source = source.map { $0 + call.counts[owner] }
        }
    }

    /// Adds this rank's own block and those of the others, which lie one behind the other.
    private func add(from start: Int, received: UnsafeMutablePointer<Int64>?) {
        let count = count(of: rank, from: start)
        let first = call.counts[..<rank].reduce(start, +)
        guard count > 0, let sums = call.receive.bindMemory(to: Int64.self).baseAddress.map({ $0 + start }),
            let own = call.send.bindMemory(to: Int64.self).baseAddress.map({ $0 + first })
        else { return }
        sums.update(from: own, count: count)
        guard var source = received else { return }
        for _ in 1..<call.counts.count {
            for index in 0..<count { sums[index] &+= source[index] }
            source += count
        }
    }

    /// How many elements of a part belong to the block that begins at `start`.
    private func count(of owner: Int, from start: Int) -> Int { min(max(call.counts[owner] - start, 0), blockCount) }

    private func issue(
        _ lane: Int, _ call: (inout cmpi_request) -> Int32
    ) throws(CollectiveError) {
        var request = cmpi_request_null()
        try check(call(&request))
        lanes[lane].requests.append(request)
    }

    private func check(_ code: Int32) throws(CollectiveError) { try MPICalls.check(code, "\(call.kind)") }
}
