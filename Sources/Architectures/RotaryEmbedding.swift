/// Rotary position embedding: base frequency and how it is stretched for longer contexts.
package struct RotaryEmbedding: Codable, Equatable, Sendable {
    package var theta: Double
    package var scaling: Scaling

    /// How frequencies are changed. Names and formulas are those of transformers' `rope_type`.
    package enum Scaling: Codable, Equatable, Sendable {
        case none
        /// All positions divided by `factor`.
        case linear(factor: Double)
        /// Llama 3.1: long wavelengths divided by `factor`, short ones kept, a smooth passage between.
        case llama3(
            factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalMaximumPositions: Int)
    }

    package init(theta: Double, scaling: Scaling = .none) {
        self.theta = theta
        self.scaling = scaling
    }
}
