import Architectures
import Buffers
import JobFiles
package import Kernels
import Sharding
package import Training
import Transformer

/// Every way to spread a model over some nodes, played through: copies of the base on how many nodes, and which ZeRO
/// stage.
package struct ClusterStudy: Sendable {
    package var ranksPerNode: Int
    /// Of one rank.
    package var threads: Int
    /// Bytes that a node has.
    package var available: Int
    /// Of all ranks of a node, in a step's products.
    package var nodeOperationsPerSecond: Double
    /// Of a rank that receives through shared memory.
    package var copyBytesPerSecond: Double
    /// Micro-batches of a step, over all ranks; nil: at least as many as there are ranks.
    package var microBatches: Int?
    /// Nil: as little as memory allows.
    package var gradientCheckpointing: Bool?

    package init(
        ranksPerNode: Int, threads: Int, available: Int, nodeOperationsPerSecond: Double, copyBytesPerSecond: Double,
        microBatches: Int?, gradientCheckpointing: Bool?
    ) {
        self.ranksPerNode = ranksPerNode
        self.threads = threads
        self.available = available
        self.nodeOperationsPerSecond = nodeOperationsPerSecond
        self.copyBytesPerSecond = copyBytesPerSecond
        self.microBatches = microBatches
        self.gradientCheckpointing = gradientCheckpointing
    }

    /// One way, and what becomes of it.
    package struct Way: Encodable, Sendable {
        package let nodes_per_copy: Int
        package let zero_stage: Int
        /// nothing, attention or everything: what the backward computes again.
        package let recomputation: String
        package let step_seconds: Double
        package let compute_seconds: Double
        /// Seconds in which a rank waits, by what it waits for.
        package let waited_seconds: [String: Double]
        package let tokens_per_second: Double
        package let bytes_per_node: Int
        package let link_bytes_per_step: Int

        /// What a step is bound by: computing, where a rank waits for less than a tenth of it.
        package var bound: String {
            let waited = waited_seconds.values.reduce(0, +)
            guard waited > 0.1 * step_seconds, let most = waited_seconds.max(by: { $0.value < $1.value }) else {
                return "compute"
            }
            return most.key
        }
    }

    /// All ways for a model on some nodes with some link, the best first; none where nothing fits.
    ///
    /// Of ways that take the same time within a hundredth, the one with the fewest nodes a copy is the best, and of
    /// those the one that holds least.
    /// - Parameter context: with the threads of a rank.
    package func ways(
        _ subject: StepSubject, nodes: Int, linkBitsPerSecond: Double, context: KernelContext
    ) -> [Way] {
        let shape = RunShape(nodes: nodes, ranksPerNode: ranksPerNode)
        let copies = subject.base.isEmpty ? [1] : (1...nodes).filter { nodes.isMultiple(of: $0) }
        let found = copies.flatMap { nodesPerCopy in
            ZeROStage.allCases.compactMap { stage in
                var subject = subject
                subject.stage = stage
                return way(
                    subject, shape: shape, nodesPerCopy: nodesPerCopy, linkBytesPerSecond: linkBitsPerSecond / 8,
                    context: context)
            }
        }
        guard let fastest = found.map(\.step_seconds).min() else { return [] }
        func rank(_ way: Way) -> (Int, Int, Double) {
            way.step_seconds <= 1.01 * fastest
                ? (0, way.nodes_per_copy, Double(way.bytes_per_node)) : (1, 0, way.step_seconds)
        }
        return found.sorted { rank($0) < rank($1) }
    }

    /// Nil where it does not fit.
    private func way(
        _ subject: StepSubject, shape: RunShape, nodesPerCopy: Int, linkBytesPerSecond: Double, context: KernelContext
    ) -> Way? {
        let gathered =
            nodesPerCopy > 1
            ? GatheredBase.Plan(
                layouts: subject.base, nodesPerCopy: nodesPerCopy, position: 0, depth: 1, alsoHeld: subject.alsoHeld)
            : nil
        // A base that each node maps must lie in its memory, though only what is in use counts as anybody's.
        let base = gathered?.byteCount ?? subject.baseByteCount
        guard base <= available / 10 * 6,
            let memory = try? MemoryPlan(
                subject, gradientCheckpointing: gradientCheckpointing, heldOfBase: gathered?.byteCount,
                context: context,
                ranks: shape.ranks, ranksOnNode: ranksPerNode,
                available: available - base + (gathered?.byteCount ?? 0))
        else { return nil }
        let count = microBatches ?? max(Self.fewestMicroBatches, shape.ranks)
        let rounds = count.dividedRoundingUp(by: shape.ranks)
        let schedule = StepSchedule(
            architecture: subject.architecture, space: subject.space, trainsEverything: subject.adapter == nil,
            stage: subject.stage, gathered: gathered, shape: shape, rounds: rounds)
        let context = Double(subject.longestSequence + 1) / 2
        let cost = StepCost(
            subject, recomputation: memory.recomputation, context: context,
            operationsPerSecond: nodeOperationsPerSecond / Double(ranksPerNode),
            bytesPerSecond: 4 * copyBytesPerSecond)
        let elements = subject.space.elementCount
        let shard = elements.dividedRoundingUp(by: shape.ranks)
        let (summed, updated) = (
            subject.stage >= .gradients ? shard : elements, subject.stage >= .optimizer ? shard : elements
        )
        let outcome = StepSimulation(
            schedule, shape: shape, nodesPerCopy: nodesPerCopy,
            machine: Machine(
                threads: threads, linkBytesPerSecond: linkBytesPerSecond, copyBytesPerSecond: copyBytesPerSecond)
        ) { work, _ in
            cost.seconds(work, tokens: Double(subject.tokens), summed: summed, updated: updated)
        }.run()
        return Way(
            nodes_per_copy: nodesPerCopy, zero_stage: subject.stage.rawValue,
            recomputation: memory.recomputation.rawValue, step_seconds: outcome.seconds,
            compute_seconds: outcome.computeSeconds,
            waited_seconds: Dictionary(uniqueKeysWithValues: outcome.waited.map { ($0.key.rawValue, $0.value) }),
            tokens_per_second: Double(count * subject.tokens) / outcome.seconds,
            bytes_per_node: ranksPerNode * memory.bytesPerRank + base,
            link_bytes_per_step: StepTraffic(schedule, shape: shape, nodesPerCopy: nodesPerCopy).linkBytesPerNode)
    }

    private static let fewestMicroBatches = 64
}
