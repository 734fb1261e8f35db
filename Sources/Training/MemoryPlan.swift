import Architectures
import Buffers
import Collectives
import Execution
import JobFiles
import Kernels
import Sharding
import Transformer

/// The sizes of a run's step, decided once by the coordinator: what the arena holds and whether blocks are
/// checkpointed.
struct MemoryPlan: Codable, Sendable {
    private let tokens: Int
    private let logitRows: Int
    private let recomputation: Recomputation
    let longestSequence: Int
    /// What a rank holds beside the base, at most.
    let bytesPerRank: Int

    private let savedType: ScalarType

    var extent: StepLayout.Extent {
        StepLayout.Extent(
            tokens: tokens, logitRows: logitRows, recomputation: recomputation, savedType: savedType)
    }

    var checkpointing: Bool { recomputation != .nothing }

    /// - Throws: `InputError` of kind `.capacity` where even a checkpointed step does not fit this host.
    init(
        _ job: Job, base: TrainingBase, plan: TrainablePlan, data: TrainingData, compute: Kernels.Compute,
        heldOfBase: Int?, context: KernelContext, communicator: any Communicator
    ) throws {
        let architecture = base.architecture
        savedType = compute.savedType
        longestSequence = min(job.sequenceLength, data.longest)
        // Packed sequences fill up to sequence_len; others are no longer than the longest row.
        tokens = job.microBatchSize * (job.samplePacking ? job.sequenceLength : longestSequence)
        logitRows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: tokens)
        let (tokens, logitRows, longest, savedType) = (tokens, logitRows, longestSequence, savedType)
        // The rank whose shard is the largest.
        let ranks = communicator.size
        let shards = (0..<ranks).map { plan.space.shard($0, of: ranks).elementCount }
        let rank = shards.indices.max { shards[$0] < shards[$1] }
        func memory(_ recomputation: Recomputation) -> StepMemory {
            let extent = StepLayout.Extent(
                tokens: tokens, logitRows: logitRows, recomputation: recomputation, savedType: savedType)
            return StepMemory(
                layout: StepLayout(architecture, adapter: plan.settings, extent: extent), space: plan.space,
                source: base.stored, heldOfBase: heldOfBase, longestSequence: longest, context: context,
                rank: rank ?? 0, ranks: ranks, stage: job.zeroStage, isLocal: job.isLocal)
        }
        let available = ProcessMemory.availableBytes
        // The ranks of a node share what they use of the base.
        func neededByNode(_ memory: StepMemory) -> Int { communicator.node.size * memory.ownByteCount + memory.base }
        // The least work whose memory leaves room to spare.
        let choices =
            job.gradientCheckpointing.map { $0 ? [.attention, .everything] : [.nothing] }
            ?? Recomputation.allCases
        recomputation = choices.first { neededByNode(memory($0)) <= available / 10 * 6 } ?? choices.last ?? .everything
        let chosen = memory(recomputation)
        let needed = neededByNode(chosen)
        bytesPerRank = chosen.ownByteCount
        guard needed <= available else {
            throw InputError(
                .capacity, "a step needs \(needed >> 20) MiB a node, and \(available >> 20) MiB are available",
                remedy: recomputation != .nothing
                    ? "lower micro_batch_size or sequence_len, or start fewer ranks a node"
                    : "set gradient_checkpointing: true, or lower micro_batch_size")
        }
    }
}
