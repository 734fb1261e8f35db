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
    /// How a node holds its part; nil where every node maps the whole base, or everything is trained.
    let plan: GatheredBase.Plan?
    private let stored: StoredBase?
    private let layouts: [UnitLayout]
    /// Units that are held beside the one in use.
    private let alsoHeld: Int

    /// All ranks call it.
    /// - Throws: `InputError` of kind `.usage` where the nodes cannot be divided as the job says.
    init(_ job: Job, base: TrainingBase, communicator: any Communicator) throws {
        stored = base.stored
        let layouts = base.stored.map { base.architecture.units.map($0.layout(of:)) } ?? []
        let alsoHeld = base.architecture.tiesEmbeddings ? 1 : 0
        self.layouts = layouts
        self.alsoHeld = alsoHeld
        func plan(_ nodes: Int) -> GatheredBase.Plan? {
            guard nodes > 1, !layouts.isEmpty else { return nil }
            // The part of the first node is as large as any.
            return GatheredBase.Plan(
                layouts: layouts, nodesPerCopy: nodes, position: 0, depth: job.distributed.prefetchDepth,
                alsoHeld: alsoHeld)
        }
        let least = try communicator.allReduce(Int64(ProcessMemory.availableBytes), .min)
        let whole = layouts.reduce(0) { $0 + $1.byteCount }
        nodesPerCopy = try communicator.fromCoordinator {
            try Self.resolve(job.distributed.nodesPerCopy, nodeCount: communicator.nodeCount) { nodes in
                // The rest is for the ranks' own memory, which is planned for what is left.
                (plan(nodes)?.byteCount ?? whole) <= Int(least) / 10 * 6
            }
        }
        self.plan = plan(nodesPerCopy)
    }

    /// What the run is told of it; nil where there is nothing to say.
    var notice: String? {
        guard let plan else { return nil }
        return "the base is spread over \(nodesPerCopy) nodes: each holds \(plan.residentByteCount >> 20) MiB of it "
            + "and gathers unit by unit"
    }

    /// The base for this rank's walks; nil where everything is trained. All ranks call it.
    func source(_ communicator: any Communicator) throws -> (any UnitSource)? {
        guard let stored, let plan else { return stored }
        return try GatheredBase(
            layouts: layouts, placement: CopyPlacement(communicator, nodesPerCopy: nodesPerCopy), depth: plan.depth,
            alsoHeld: alsoHeld
        ) { unit, range, slice in
            slice.copyMemory(from: UnsafeRawBufferPointer(rebasing: stored.bytes(of: unit)[range]))
            stored.dontNeed(unit, part: range)
        }
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
