import Architectures
import Buffers
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
    init(_ job: Job, architecture: Architecture, adapter: AdapterPlan, data: TrainingData, ranksOnNode: Int) throws {
        longestSequence = min(job.sequenceLength, data.longest)
        // Packed sequences fill up to sequence_len; others are no longer than the longest row.
        tokens = job.microBatchSize * (job.samplePacking ? job.sequenceLength : longestSequence)
        logitRows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: tokens)
        let (tokens, logitRows) = (tokens, logitRows)
        func byteCount(checkpointing: Bool) -> Int {
            let extent = StepLayout.Extent(tokens: tokens, logitRows: logitRows, checkpointing: checkpointing)
            let layout = StepLayout(architecture, adapter: adapter.settings, extent: extent)
            // Parameters, moments, the fp32 gradients and the exact sums.
            return layout.byteCount + adapter.space.elementCount * 24
        }
        let available = ProcessMemory.availableBytes / ranksOnNode
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
}
