package import Architectures
import Execution
package import JobFiles
package import Kernels
package import Quantization
package import Sharding
package import Transformer

/// What a training step works on: the model, what of it is trained, and how large a micro-batch may be.
package struct StepSubject: Sendable {
    package var architecture: Architecture
    /// Nil where all parameters are trained.
    package var adapter: AdapterSettings?
    /// What is trained.
    package var space: LogicalSpace
    /// How the units of the frozen base lie, in their order; empty where all parameters are trained.
    package var base: [UnitLayout]
    /// Most tokens of a micro-batch.
    package var tokens: Int
    /// Positions of the longest sequence.
    package var longestSequence: Int
    package var compute: Kernels.Compute
    /// How ranks share what is trained.
    package var stage: ZeROStage
    /// Whether each rank trains on its own between outer steps.
    package var isLocal: Bool

    package init(
        architecture: Architecture, adapter: AdapterSettings?, space: LogicalSpace, base: [UnitLayout], tokens: Int,
        longestSequence: Int, compute: Kernels.Compute, stage: ZeROStage = .parameters,
        isLocal: Bool = false
    ) {
        self.architecture = architecture
        self.adapter = adapter
        self.space = space
        self.base = base
        self.tokens = tokens
        self.longestSequence = longestSequence
        self.compute = compute
        self.stage = stage
        self.isLocal = isLocal
    }

    init(
        _ job: Job, architecture: Architecture, plan: TrainablePlan, base: [UnitLayout], data: TrainingData,
        compute: Kernels.Compute
    ) {
        let longest = min(job.sequenceLength, data.longest)
        self.init(
            architecture: architecture, adapter: plan.settings, space: plan.space, base: base,
            // Packed sequences fill up to sequence_len; others are no longer than the longest row.
            tokens: job.microBatchSize * (job.samplePacking ? job.sequenceLength : longest), longestSequence: longest,
            compute: compute, stage: job.zeroStage, isLocal: job.isLocal)
    }

    /// A job's settings on a model of which nothing but the shape is known: full micro-batches, and the job's formats.
    /// - Throws: `InputError` where the speed of this host cannot be probed, if `compute` is to follow from it.
    package init(_ job: Job, shape architecture: Architecture, context: KernelContext) throws {
        let adapter =
            job.adapter == .none
            ? nil
            : AdapterDescription(
                rank: job.loraRank, alpha: job.loraAlpha, dropout: job.loraDropout, targets: Set(job.loraTargets),
                baseModelPath: job.baseModel)
        self.init(
            architecture: architecture, adapter: adapter.map { AdapterSettings($0) },
            space: LogicalSpace(adapter.map { architecture.adapterTensors($0) } ?? architecture.trainableTensors),
            base: adapter == nil
                ? [] : SyntheticBase.layouts(architecture, linearFormat: job.baseFormat ?? .bf16),
            tokens: job.microBatchSize * job.sequenceLength, longestSequence: job.sequenceLength,
            compute: try job.compute.map { Kernels.Compute($0) }
                ?? .automatic(frozenWeights: adapter != nil, on: context),
            stage: job.zeroStage, isLocal: job.isLocal)
    }

    /// Units that are held beside the one in use: the head needs a tied embedding.
    package var alsoHeld: Int { architecture.tiesEmbeddings ? 1 : 0 }
    package var baseByteCount: Int { base.reduce(0) { $0 + $1.byteCount } }
}
