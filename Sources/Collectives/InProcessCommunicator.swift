/// One rank of an in-process group of at least two.
final class InProcessCommunicator: Communicator, @unchecked Sendable {
    // Sendable: `sequence` and `counted` are touched only with the monitor's lock held; the rest never changes.
    let rank: Int
    private let group: InProcessGroup
    private let ownNode: (any Communicator)?
    private var sequence = 0
    private var counted = Traffic()

    /// - Parameter node: the rank's node; nil where the whole group is one.
    init(group: InProcessGroup, rank: Int, node: (any Communicator)?) {
        self.group = group
        self.rank = rank
        ownNode = node
    }

    var size: Int { group.size }
    var node: any Communicator { ownNode ?? self }
    var nodeIndex: Int { group.nodes.nodeOfRank[rank] }
    var nodeCount: Int { group.nodes.nodeCount }
    var ranksOnHost: Int { size }
    var traffic: Traffic { group.shared.withLock { _ in counted } }
    var isAborting: Bool { group.flag.error != nil }

    func start(_ call: CollectiveCall) -> PendingRequest {
        let (ticket, isLast) = group.shared.withLock { _ in
            let ticket = sequence
            sequence += 1
            counted.count(call, rank: rank, size: size)
            return (ticket, group.arrive(call, rank: rank, sequence: ticket))
        }
        if isLast { group.shared.notifyAll() }
        return PendingRequest(owner: self, ticket: ticket, kind: call.kind)
    }

    func split(by number: Int) throws(CollectiveError) -> any Communicator {
        let numbers = try allGather(Int64(number))
        let members = (0..<size).filter { numbers[$0] == numbers[rank] }
        return try makeGroup(members: members, homes: members.map { group.nodes.nodeOfRank[$0] })
    }

    func regrouped(ranksPerNode: Int) throws(CollectiveError) -> any Communicator {
        let nodes = NodeNumbering(group.nodes, ranksPerNode: ranksPerNode)
        return try makeGroup(members: Array(0..<size), homes: nodes.nodeOfRank)
    }

    func makeSharedWindow(byteCount: Int) throws(CollectiveError) -> SharedWindow {
        precondition(nodeCount == 1, "a window is shared by the ranks of one node: ask `node` for it")
        let counts = try allGather(Int64(byteCount))
        precondition(counts.allSatisfy { $0 == Int64(byteCount) }, "the ranks ask for windows of different sizes")
        return try exchange(maker: 0) { () throws(CollectiveError) in
            try SharedWindow(byteCount: byteCount, descriptor: nil)
        }
    }

    func abort(exitCode: Int32) {
        group.shared.withLock { _ in group.flag.raise(exitCode) }
        group.shared.notifyAll()
    }

    private func makeGroup(members: [Int], homes: [Int]) throws(CollectiveError) -> any Communicator {
        let made = try exchange(maker: members[0]) { () throws(CollectiveError) in
            let numbering = NodeNumbering(homes: homes)
            let group = InProcessGroup(nodes: numbering, shared: group.shared, flag: group.flag)
            return Communicators(each: group.makeCommunicators())
        }
        return made.each[members.firstIndex(of: rank) ?? 0]
    }

    private final class Communicators: Sendable {
        let each: [any Communicator]
        init(each: [any Communicator]) { self.each = each }
    }

    /// Hands the object that rank `maker` makes to all ranks that name that rank; all ranks of the group take part.
    private func exchange<Object: AnyObject & Sendable>(
        maker: Int, _ make: () throws(CollectiveError) -> Object
    ) throws(CollectiveError) -> Object {
        let key = ObjectIdentifier(group)
        if maker == rank {
            let object = try make()
            group.shared.withLock { $0.deposits[key, default: [:]][maker] = object }
        }
        try barrier()
        let object = group.shared.withLock { $0.deposits[key]?[maker] }
        try barrier()
        if maker == rank { group.shared.withLock { _ = $0.deposits[key]?.removeValue(forKey: maker) } }
        guard let object = object as? Object else { preconditionFailure("rank \(maker) deposited nothing") }
        return object
    }
}

extension InProcessCommunicator: RequestOwner {
    var hasFailed: Bool { isAborting }

    func isComplete(_ ticket: Int) -> Bool {
        group.shared.withLock { _ in group.flag.error != nil || group.isDone(ticket) }
    }

    func wait(_ ticket: Int) throws(CollectiveError) {
        // An operation that was done before the abort has its result; it is the next one that fails.
        let error = group.shared.wait { _ -> CollectiveError?? in
            if group.isDone(ticket) {
                group.leave(ticket)
                return .some(nil)
            }
            return group.flag.error.map { .some($0) }
        }
        if let error { throw error }
    }
}
