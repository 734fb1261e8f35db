import Architectures
import Buffers
import Checkpoints
import Collectives
import Execution
import JobFiles
import Quantization
import Sharding

/// How many nodes hold a copy of the frozen base together, and the base as this rank's walks borrow it.
struct BaseCopy {
    let nodesPerCopy: Int
    /// How a node holds its part; nil where every node has the whole base, or everything is trained.
    let plan: GatheredBase.Plan?
    /// Bytes that every node has.
    let available: Int
    private let frozen: FrozenBase?
    /// Units that are held beside the one in use.
    private let alsoHeld: Int

    /// All ranks call it.
    /// - Throws: `InputError` of kind `.usage` where the nodes cannot be divided as the job says.
    init(_ job: Job, base: TrainingBase, communicator: any Communicator) throws {
        frozen = base.frozen
        let (layouts, alsoHeld) = (base.frozen?.layouts ?? [], base.architecture.tiesEmbeddings ? 1 : 0)
        self.alsoHeld = alsoHeld
        // Nodes that one host plays share what it has.
        let own = ProcessMemory.availableBytes / communicator.ranksOnHost * communicator.node.size
        let least = Int(try communicator.allReduce(Int64(own), .min))
        available = least
        nodesPerCopy = try communicator.fromCoordinator {
            try Self.nodesPerCopy(
                job, layouts: layouts, alsoHeld: alsoHeld, nodeCount: communicator.nodeCount, available: least)
        }
        plan = Self.plan(job, layouts: layouts, alsoHeld: alsoHeld, nodesPerCopy: nodesPerCopy)
    }

    /// How the first node of a copy holds its part, which is as large as any; nil where it maps the whole base.
    static func plan(
        _ job: Job, layouts: [UnitLayout], alsoHeld: Int, nodesPerCopy: Int
    ) -> GatheredBase.Plan? {
        guard nodesPerCopy > 1, !layouts.isEmpty else { return nil }
        return GatheredBase.Plan(
            layouts: layouts, nodesPerCopy: nodesPerCopy, position: 0, depth: job.distributed.prefetchDepth,
            alsoHeld: alsoHeld)
    }

    /// - Parameter available: bytes that a node has.
    /// - Throws: `InputError` of kind `.usage` where the nodes cannot be divided as the job says.
    static func nodesPerCopy(
        _ job: Job, layouts: [UnitLayout], alsoHeld: Int, nodeCount: Int, available: Int
    ) throws -> Int {
        let whole = layouts.reduce(0) { $0 + $1.byteCount }
        return try resolve(job.distributed.nodesPerCopy, nodeCount: nodeCount) { nodes in
            let plan = plan(job, layouts: layouts, alsoHeld: alsoHeld, nodesPerCopy: nodes)
            // The rest is for the ranks' own memory, which is planned for what is left.
            return (plan?.byteCount ?? whole) <= available / 10 * 6
        }
    }

    /// Bytes of the base that some node holds in memory of its own; nil where all nodes map the store.
    var heldByteCount: Int? {
        if let plan { return plan.byteCount }
        return frozen.flatMap { $0.isSeenByAll ? nil : $0.byteCount }
    }

    /// What the run is told of it.
    var notices: [String] {
        var notices: [String] = []
        if let plan {
            notices.append(
                "the base is spread over \(nodesPerCopy) nodes: each holds \(plan.residentByteCount >> 20) MiB of it "
                    + "and gathers unit by unit")
        }
        if let frozen, !frozen.isSeenByAll {
            let hosts = frozen.blindHosts.joined(separator: ", ")
            notices.append("the base comes from the coordinator on hosts that do not see its file: \(hosts)")
        }
        return notices
    }

    /// The base for this rank's walks; nil where everything is trained. All ranks call it.
    func source(_ communicator: any Communicator) throws -> (any UnitSource)? {
        guard let frozen else { return nil }
        let relay = try BaseRelay(communicator, nodesPerCopy: nodesPerCopy, needsBytes: frozen.needsBytes)
        let source = try source(frozen, relay, communicator)
        if communicator.isCoordinator, let store = frozen.store { try relay.send(frozen.layouts, from: store) }
        return source
    }

    private func source(
        _ frozen: FrozenBase, _ relay: BaseRelay, _ communicator: any Communicator
    ) throws -> any UnitSource {
        func load(_ unit: UnitID, _ range: Range<Int>, _ bytes: UnsafeMutableRawBufferPointer) throws {
            guard let store = frozen.store else { return try relay.receive(bytes) }
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: store.bytes(of: unit)[range]))
            store.dontNeed(unit, part: range)
        }
        if let plan {
            return try GatheredBase(
                layouts: frozen.layouts, placement: CopyPlacement(communicator, nodesPerCopy: nodesPerCopy),
                depth: plan.depth, alsoHeld: alsoHeld, load: load)
        }
        if let store = frozen.store, frozen.isSeen(byNode: communicator.nodeIndex) { return store }
        return try ReceivedBase(layouts: frozen.layouts, node: communicator.node, load: load)
    }

    /// - Parameter fits: whether a node has memory for its part of a copy over so many nodes.
    static func resolve(
        _ asked: DistributedSettings.NodesPerCopy, nodeCount: Int, fits: (Int) -> Bool
    ) throws -> Int {
        let divisors = (1...nodeCount).filter { nodeCount.isMultiple(of: $0) }
        switch asked {
        case .all: return nodeCount
        case .automatic: return divisors.first(where: fits) ?? nodeCount
        case .count(let count):
            guard divisors.contains(count) else {
                throw InputError(
                    .usage, "distributed.nodes_per_copy: \(count) does not divide the \(nodeCount) nodes of this run",
                    remedy: "use auto, all or one of \(divisors.map(String.init).joined(separator: ", "))")
            }
            return count
        }
    }
}
