internal import CMPI
import Synchronization

/// One rank of a group of MPI processes. Its MPI communicator lives until MPI ends.
final class MPICommunicator: Communicator, @unchecked Sendable {
    // Sendable: the handle never changes and is used on the comm thread only; the counters have a lock.
    let rank: Int
    let size: Int
    private let engine: MPIEngine
    private let flag: AbortFlag
    private let group: cmpi_comm
    private let nodes: NodeNumbering
    /// As nodes, whatever nodes a host plays.
    private let hosts: NodeNumbering
    private let ownNode: (any Communicator)?
    private let counted = Mutex(Counted())

    private struct Counted {
        var traffic = Traffic()
        var sequence = 0
    }

    private init(
        engine: MPIEngine, flag: AbortFlag, group: cmpi_comm, rank: Int, nodes: NodeNumbering, hosts: NodeNumbering,
        node: (any Communicator)?
    ) {
        self.engine = engine
        self.flag = flag
        self.group = group
        self.rank = rank
        self.nodes = nodes
        self.hosts = hosts
        size = nodes.nodeOfRank.count
        ownNode = node
    }

    var node: any Communicator { ownNode ?? self }
    var nodeIndex: Int { nodes.nodeOfRank[rank] }
    var nodeCount: Int { nodes.nodeCount }
    var ranksOnHost: Int { hosts.ranks(ofNode: hosts.nodeOfRank[rank]).count }
    var traffic: Traffic { counted.withLock { $0.traffic } }
    var isAborting: Bool { flag.error != nil }
    var watch: RankWatch? { engine.rankWatch }

    func start(_ call: CollectiveCall) -> PendingRequest {
        let sequence = counted.withLock { counted in
            counted.traffic.count(call, rank: rank, size: size)
            counted.sequence += 1
            return counted.sequence
        }
        return engine.start(call, group: group, rank: rank, size: size, sequence: sequence)
    }

    /// Does something else that calls MPI in this group, in its turn among the operations; it may block.
    func perform<Result>(
        _ body: @escaping (cmpi_comm) throws(CollectiveError) -> Result
    ) throws(CollectiveError) -> Result {
        let group = group
        return try engine.perform { () throws(CollectiveError) in try body(group) }
    }

    func abort(exitCode: Int32) {
        flag.raise(exitCode)
        engine.abort(exitCode: exitCode)
    }
}

extension MPICommunicator {
    /// The group of all processes that mpirun started. All of them call it, once.
    static func makeWorld(engine: MPIEngine, ranksPerNode: Int?) throws(CollectiveError) -> MPICommunicator {
        let (rank, size, homes) = try engine.perform { () throws(CollectiveError) in
            let (rank, size) = try MPICalls.rankAndSize(cmpi_comm_world())
            return (rank, size, try MPICalls.hosts(cmpi_comm_world()))
        }
        let hosts = NodeNumbering(homes: homes)
        let nodes = NodeNumbering(hosts, ranksPerNode: ranksPerNode ?? size)
        // The flag lies in a window of the node; the group that makes the window has a flag of its own for that long.
        let first = try make(
            engine: engine, flag: AbortFlag(), color: 0, of: cmpi_comm_world(), key: rank, nodes: nodes, hosts: hosts)
        let flag = AbortFlag(window: try first.node.makeSharedWindow(byteCount: 4_096))
        let node: (any Communicator)? =
            switch first.ownNode {
            case let node as MPICommunicator: node.replacingFlag(by: flag)
            case nil: nil
            default: makeSolo(engine: engine, flag: flag)
            }
        engine.watch(flag)
        return MPICommunicator(
            engine: engine, flag: flag, group: first.group, rank: rank, nodes: nodes, hosts: hosts, node: node)
    }

    func split(by number: Int) throws(CollectiveError) -> any Communicator {
        let numbers = try allGather(Int64(number))
        let members = (0..<size).filter { numbers[$0] == numbers[rank] }
        // MPI takes small colours only: the lowest rank of the group will do.
        return try makeGroup(
            color: members[0], nodes: NodeNumbering(homes: members.map { nodes.nodeOfRank[$0] }),
            hosts: NodeNumbering(homes: members.map { hosts.nodeOfRank[$0] }))
    }

    func regrouped(ranksPerNode: Int) throws(CollectiveError) -> any Communicator {
        try makeGroup(color: 0, nodes: NodeNumbering(nodes, ranksPerNode: ranksPerNode), hosts: hosts)
    }

    /// The group of the ranks that give the same colour; all ranks of this group call it.
    private func makeGroup(
        color: Int, nodes: NodeNumbering, hosts: NodeNumbering
    ) throws(CollectiveError) -> any Communicator {
        let made = try Self.make(
            engine: engine, flag: flag, color: color, of: group, key: rank, nodes: nodes, hosts: hosts)
        return made.size == 1 && size > 1 ? Self.makeSolo(engine: engine, flag: flag) : made
    }

    private static func make(
        engine: MPIEngine, flag: AbortFlag, color: Int, of parent: cmpi_comm, key: Int, nodes: NodeNumbering,
        hosts: NodeNumbering
    ) throws(CollectiveError) -> MPICommunicator {
        let (group, rank) = try engine.perform { () throws(CollectiveError) in
            let group = try MPICalls.split(parent, color: color, key: key)
            return (group, try MPICalls.rankAndSize(group).rank)
        }
        guard nodes.nodeCount > 1 else {
            return MPICommunicator(
                engine: engine, flag: flag, group: group, rank: rank, nodes: nodes, hosts: hosts, node: nil)
        }
        let number = nodes.nodeOfRank[rank]
        let ranks = nodes.ranks(ofNode: number)
        let own = try engine.perform { () throws(CollectiveError) in
            try MPICalls.split(group, color: number, key: rank)
        }
        var node: any Communicator = makeSolo(engine: engine, flag: flag)
        if let index = ranks.firstIndex(of: rank), ranks.count > 1 {
            let numbering = NodeNumbering(homes: ranks.map { _ in 0 })
            node = MPICommunicator(
                engine: engine, flag: flag, group: own, rank: index, nodes: numbering, hosts: numbering, node: nil)
        }
        return MPICommunicator(
            engine: engine, flag: flag, group: group, rank: rank, nodes: nodes, hosts: hosts, node: node)
    }

    private static func makeSolo(engine: MPIEngine, flag: AbortFlag) -> SoloCommunicator {
        SoloCommunicator(flag: flag, onAbort: { engine.abort(exitCode: $0) })
    }

    private func replacingFlag(by flag: AbortFlag) -> MPICommunicator {
        MPICommunicator(engine: engine, flag: flag, group: group, rank: rank, nodes: nodes, hosts: hosts, node: nil)
    }
}
