/// How a run ended.
package struct FinishSummary: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// All steps are done.
        case completed
        /// Checkpointed on request (the reason: a signal, the walltime); the same command goes on from there.
        case checkpointed(reason: String)
    }

    package var outcome: Outcome
    /// Steps done in all, earlier runs included.
    package var step: Int
    package var totalSteps: Int
    /// Mean loss of the last step; nil where no step was done.
    package var loss: Double?
    /// Loss of the last evaluation; nil where there was none.
    package var evaluationLoss: Double?
    /// Seconds and tokens of this process alone.
    package var seconds: Double
    package var tokens: Int
    /// Of all ranks, in the steps of this process; nil where there is one.
    package var traffic: RunTraffic?
    package var outputDirectory: String
    /// What was written for other programs; nil where the run has not come to its end.
    package var result: TrainedResult?
    /// The last checkpoint; nil where none was written.
    package var checkpointPath: String?

    package init(
        outcome: Outcome, step: Int, totalSteps: Int, loss: Double?, evaluationLoss: Double?, seconds: Double,
        tokens: Int, traffic: RunTraffic?, outputDirectory: String, result: TrainedResult?, checkpointPath: String?
    ) {
        self.outcome = outcome
        self.step = step
        self.totalSteps = totalSteps
        self.loss = loss
        self.evaluationLoss = evaluationLoss
        self.seconds = seconds
        self.tokens = tokens
        self.traffic = traffic
        self.outputDirectory = outputDirectory
        self.result = result
        self.checkpointPath = checkpointPath
    }
}
