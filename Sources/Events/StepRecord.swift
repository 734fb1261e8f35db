/// One optimiser step, as measured by the coordinator.
package struct StepRecord: Sendable, Equatable {
    /// Number of the step, from 1.
    package var step: Int
    package var totalSteps: Int
    /// Epochs done after this step: 1.5 is the middle of the second.
    package var epoch: Double
    /// Mean nats over the step's target tokens, over all ranks.
    package var loss: Double
    /// Norm of all gradients before clipping.
    package var gradientNorm: Double
    /// The rate as this step used it.
    package var learningRate: Double
    /// Tokens that went through the model in this step, over all ranks.
    package var tokens: Int
    /// Those among them that had a target.
    package var targetTokens: Int
    package var seconds: Double
    /// Highest resident memory of the process so far (VmHWM).
    package var peakResidentBytes: Int
    /// Highest anonymous resident memory seen so far: what the process holds besides mapped files.
    package var anonymousPeakBytes: Int

    package init(
        step: Int, totalSteps: Int, epoch: Double, loss: Double, gradientNorm: Double, learningRate: Double,
        tokens: Int, targetTokens: Int, seconds: Double, peakResidentBytes: Int, anonymousPeakBytes: Int
    ) {
        self.step = step
        self.totalSteps = totalSteps
        self.epoch = epoch
        self.loss = loss
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
        self.tokens = tokens
        self.targetTokens = targetTokens
        self.seconds = seconds
        self.peakResidentBytes = peakResidentBytes
        self.anonymousPeakBytes = anonymousPeakBytes
    }

    /// Tokens a second over all ranks.
    package var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}
