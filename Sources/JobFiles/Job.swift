package import Architectures

/// A training job: the plain values of a job file, checked, paths resolved.
///
/// A nil where the file may say `auto` stands for `auto`. `JobKeys` holds the one list of keys; parsing, encoding,
/// comparison and the documentation all walk it. Encoded as JSON a job is a job file again.
package struct Job: Sendable {
    // Model
    /// A Hugging Face model directory, or a base store (`*.base.h5`).
    package var baseModel = ""
    package var adapter = AdapterKind.qlora
    /// A PEFT adapter to start from.
    package var loraModelDirectory: String?
    package var initialization: Initialization?
    package var quantization = QuantizationSettings()

    // Adapter
    package var loraRank = 16
    package var loraAlpha = 32.0
    package var loraDropout = 0.0
    /// The linear layers that carry an adapter, in the order of `LinearRole`.
    package var loraTargets = LinearRole.allCases

    // Data
    package var datasets: [DatasetReference] = []
    /// How conversations are written; nil: there are none.
    package var chatTemplate: ChatTemplate?
    package var shuffle = true
    /// Below 1 a share of the examples, from 1 on their number; 0: nothing is held out.
    package var heldOut = 0.02
    package var sequenceLength = 2048
    package var excessLength = ExcessLengthStrategy.truncate
    package var samplePacking = true
    package var trainsOnInputs = false

    // Batch and length
    /// Sequences of a step, over all ranks.
    package var globalBatchSize = 64
    package var microBatchSize = 1
    package var epochCount = 2.0
    /// Wins over `epochCount`.
    package var maximumSteps: Int?

    // Optimiser
    package var learningRate = 2e-4
    package var scheduler = ScheduleKind.cosine
    package var warmupRatio = 0.03
    /// Wins over `warmupRatio`.
    package var warmupSteps: Int?
    package var optimizer = OptimizerKind.adamw
    package var adamBeta1 = 0.9
    package var adamBeta2 = 0.999
    package var adamEpsilon = 1e-8
    package var weightDecay = 0.0
    /// The gradient norm is clipped to this; 0: never.
    package var maximumGradientNorm = 1.0
    /// Steps that each rank takes on its own before all are averaged; 1: none, all ranks make every step together.
    package var synchronizationInterval = 1
    /// With the momentum, as much of the change as the average itself has: a fine-tuning has few outer steps, and none
    /// is left at its end to take back what momentum overshoots.
    package var outerLearningRate = 0.7
    package var outerMomentum = 0.3

    // How it is computed
    package var gradientCheckpointing: Bool?
    package var compute: Compute?
    /// Threads of one rank.
    package var threads: Int?
    package var seed: UInt64 = 42

    // Outputs
    package var outputDirectory = ""
    /// Steps between checkpoints; 0: none but the last.
    package var saveSteps = 100
    /// Minutes between checkpoints; 0: not by time.
    package var saveMinutes = 30.0
    /// Checkpoints that are kept, at least 2; nil: all.
    package var saveTotalLimit: Int? = 3
    /// Steps between evaluations; 0: none.
    package var evaluationSteps = 100
    package var resume = ResumePolicy.automatic

    package var distributed = DistributedSettings()
    package var checkpoint = CheckpointSettings()
    package var schedulerRequest = SchedulerRequest()

    /// What the user should be told about how the file was read: aliases, keys without effect.
    package var notices: [String] = []

    /// A job of defaults; `baseModel`, `datasets` and `outputDirectory` are to be filled in.
    package init() {}
}

extension Job: Equatable {
    /// Equal in every key; notices do not count.
    package static func == (one: Job, other: Job) -> Bool {
        JobKey.all.allSatisfy { $0.write(one) == $0.write(other) }
    }
}
