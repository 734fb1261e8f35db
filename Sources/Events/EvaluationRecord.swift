import Foundation

/// One pass over the held-out examples.
package struct EvaluationRecord: Sendable, Equatable {
    /// Steps done when the model was evaluated.
    package var step: Int
    /// Mean nats over all target tokens.
    package var loss: Double
    /// Target tokens that the loss is the mean of.
    package var targetTokens: Int
    package var seconds: Double

    package init(step: Int, loss: Double, targetTokens: Int, seconds: Double) {
        self.step = step
        self.loss = loss
        self.targetTokens = targetTokens
        self.seconds = seconds
    }

    /// e to the power of the loss.
    package var perplexity: Double { exp(loss) }
}
