package import Architectures
import Kernels

extension RotaryEmbedding {
    /// The inverse frequencies of one head's `headSize / 2` pairs, as transformers computes them: fp32 values of
    /// θ^(−2i/headSize), changed by the scaling rule. Deterministic on any CPU.
    package func inverseFrequencies(headSize: Int) -> [Float] {
        precondition(headSize > 0 && headSize % 2 == 0)
        return (0..<headSize / 2).map { pair in
            let exponent = Double(Float(2 * pair) / Float(headSize))
            return scaled(Float(1 / Double(Float(Deterministic.pow(theta, exponent)))))
        }
    }

    private func scaled(_ frequency: Float) -> Float {
        switch scaling {
        case .none:
            return frequency
        case .linear(let factor):
            return Float(Double(frequency) / factor)
        case .llama3(let factor, let low, let high, let originalMaximum):
            // transformers, modeling_rope_utils.py, _compute_llama3_parameters.
            let wavelength = 2 * Double.pi / Double(frequency)
            let longest = Double(originalMaximum) / low
            let shortest = Double(originalMaximum) / high
            if wavelength > longest { return Float(Double(frequency) / factor) }
            if wavelength < shortest { return frequency }
            let smooth = (Double(originalMaximum) / wavelength - low) / (high - low)
            return Float((1 - smooth) * Double(frequency) / factor + smooth * Double(frequency))
        }
    }
}
