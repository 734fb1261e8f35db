/// How the next token is chosen.
package struct Sampling: Sendable, Equatable, Codable {
    /// What the logits are divided by; 0: always the likeliest token.
    package var temperature: Double
    /// Only the likeliest tokens that together have this probability are drawn from.
    package var topP: Double
    /// The draws follow from it.
    package var seed: UInt64

    package init(temperature: Double = 0, topP: Double = 1, seed: UInt64 = 42) {
        precondition(temperature >= 0 && temperature.isFinite && topP > 0 && topP <= 1)
        self.temperature = temperature
        self.topP = topP
        self.seed = seed
    }

    package static let greedy = Sampling()
}
