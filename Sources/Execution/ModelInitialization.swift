import Architectures
import Buffers
import Foundation
import Kernels
package import Sharding

/// The first values of a model that is trained from scratch: matrices normal around 0, norms 1, biases 0, as
/// transformers initialises Llama; from the counter-based RNG.
///
/// Source: transformers 5.23.0, `modeling_utils.py`, `_init_weights`.
package enum ModelInitialization {
    /// transformers' `initializer_range` where config.json names none.
    package static let standardDeviation = 0.02

    /// Fills this rank's shard; each element is a function of seed, tensor and element alone.
    /// - Parameters:
    ///   - trainables: all tensors of the model.
    ///   - deviation: the standard deviation of the matrices.
    package static func fill(_ trainables: TrainableUnits, seed: UInt64, deviation: Double) {
        trainables.forEachRun { number, tensor, range, values in
            guard tensor.shape.count == 2 else {
                values.update(repeating: tensor.name.hasSuffix("norm.weight") ? 1 : 0)
                return
            }
            let random = CounterRNG(seed: seed, purpose: .initialization, tensor: number)
            for index in values.indices {
                values[index] = Float(deviation * normal(range.lowerBound + index, random))
            }
        }
    }

    /// A standard normal number from two draws of its own (Box and Muller 1958).
    private static func normal(_ index: Int, _ random: CounterRNG) -> Double {
        // Half a step above 0, so that the logarithm exists.
        let radius = (Double(random[2 * index]) + 0.5) * 0x1p-32
        let angle = Double(random[2 * index + 1]) * 0x1p-32
        return (-2 * Deterministic.log(radius)).squareRoot() * Deterministic.cos(2 * Double.pi * angle)
    }
}
