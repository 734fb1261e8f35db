import Architectures
import Buffers
import Collectives
import JobFiles
import Transformer

/// The sizes of a run's step, decided once by the coordinator: what the arena holds and whether blocks are
/// checkpointed.
struct MemoryPlan: Codable, Sendable {
    private let tokens: Int
    private let logitRows: Int
    let checkpointing: Bool
    let longestSequence: Int

    var extent: StepLayout.Extent {
        StepLayout.Extent(tokens: tokens, logitRows: logitRows, checkpointing: checkpointing)
    }

    /// - Throws: `InputError` of kind `.capacity` where even a checkpointed step does not fit this host.
    init(
        _ job: Job, architecture: Architecture, plan: TrainablePlan, data: TrainingData,
        communicator: any Communicator
    ) throws {
        longestSequence = min(job.sequenceLength, data.longest)
        // Packed sequences fill up to sequence_len; others are no longer than the longest row.
        tokens = job.microBatchSize * (job.samplePacking ? job.sequenceLength : longestSequence)
        logitRows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: tokens)
        let (tokens, logitRows) = (tokens, logitRows)
        let trained = Self.trainedBytes(plan.space, units: architecture.units, ranks: communicator.size)
        func byteCount(checkpointing: Bool) -> Int {
            let extent = StepLayout.Extent(tokens: tokens, logitRows: logitRows, checkpointing: checkpointing)
            return StepLayout(architecture, adapter: plan.settings, extent: extent).byteCount + trained
        }
        let available = ProcessMemory.availableBytes / communicator.node.size
        checkpointing = job.gradientCheckpointing ?? (byteCount(checkpointing: false) > available / 10 * 6)
        let needed = byteCount(checkpointing: checkpointing)
        guard needed <= available else {
            throw InputError(
                .capacity, "a step needs \(needed >> 20) MiB a rank, and \(available >> 20) MiB are available",
                remedy: checkpointing
                    ? "lower micro_batch_size or sequence_len, or start fewer ranks a node"
                    : "set gradient_checkpointing: true, or lower micro_batch_size")
        }
    }

    /// What one rank holds of the trainable state beside the arena, at most.
    private static func trainedBytes(_ space: LogicalSpace, units: [UnitID], ranks: Int) -> Int {
        let shard = (0..<ranks).map { space.shard($0, of: ranks).count }.max() ?? 0
        let unit = units.map { space.range(of: $0).count }.max() ?? 0
        // Exact sums of everything and, over ranks, of the shard; parameters, moments and gradients of the shard; the
        // gradients of one unit and, over ranks, two slots for gathered units.
        return 8 * (space.elementCount + (ranks > 1 ? shard : 0)) + 16 * shard + 4 * unit * (ranks > 1 ? 3 : 1)
    }
}
