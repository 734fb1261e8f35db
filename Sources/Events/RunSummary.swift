/// What a run is about to do, for the lines at its head.
package struct RunSummary: Sendable, Equatable {
    /// The base, as the job names it.
    package var model: String
    package var parameterCount: Int
    /// How the base is stored: `nf4, block 64, double quantised`; or what the parameters start from, where all of them
    /// are trained.
    package var baseFormat: String
    /// Bytes of the base; 0 where all parameters are trained.
    package var baseByteCount: Int
    /// The adapter in words: `LoRA r 16, alpha 32, all linear layers`; nil where all parameters are trained.
    package var adapter: String?
    package var trainableCount: Int
    /// Rows trained on, and rows held out.
    package var exampleCount: Int
    package var heldOutCount: Int
    /// Tokens of the training rows.
    package var tokenCount: Int
    package var sequenceLength: Int
    package var packing: Bool
    package var globalBatchSize: Int
    package var microBatchSize: Int
    package var totalSteps: Int
    package var epochs: Double
    package var compute: String
    package var gradientCheckpointing: Bool
    package var rankCount: Int
    package var nodeCount: Int
    package var threadsPerRank: Int
    /// What a rank is going to need, the mapped base not included; nil where it is not known.
    package var bytesPerRank: Int?
    package var outputDirectory: String

    package init(
        model: String, parameterCount: Int, baseFormat: String, baseByteCount: Int, adapter: String?,
        trainableCount: Int, exampleCount: Int, heldOutCount: Int, tokenCount: Int, sequenceLength: Int,
        packing: Bool, globalBatchSize: Int, microBatchSize: Int, totalSteps: Int, epochs: Double, compute: String,
        gradientCheckpointing: Bool, rankCount: Int, nodeCount: Int, threadsPerRank: Int, bytesPerRank: Int?,
        outputDirectory: String
    ) {
        self.model = model
        self.parameterCount = parameterCount
        self.baseFormat = baseFormat
        self.baseByteCount = baseByteCount
        self.adapter = adapter
        self.trainableCount = trainableCount
        self.exampleCount = exampleCount
        self.heldOutCount = heldOutCount
        self.tokenCount = tokenCount
        self.sequenceLength = sequenceLength
        self.packing = packing
        self.globalBatchSize = globalBatchSize
        self.microBatchSize = microBatchSize
        self.totalSteps = totalSteps
        self.epochs = epochs
        self.compute = compute
        self.gradientCheckpointing = gradientCheckpointing
        self.rankCount = rankCount
        self.nodeCount = nodeCount
        self.threadsPerRank = threadsPerRank
        self.bytesPerRank = bytesPerRank
        self.outputDirectory = outputDirectory
    }
}
