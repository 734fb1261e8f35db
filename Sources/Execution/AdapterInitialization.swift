import Architectures
import Buffers
package import Sharding

/// The adapters' first values: A uniform in ±1/√K, B zero, as PEFT initialises LoRA, from the counter-based RNG.
///
/// Source: peft, `tuners/lora/layer.py`, `reset_lora_parameters` (Kaiming uniform with a = √5).
package enum AdapterInitialization {
    /// Fills this rank's shard; each element is a function of seed, tensor and element alone.
    package static func fill(_ trainables: TrainableUnits, seed: UInt64) {
        trainables.forEachRun { number, tensor, range, values in
            guard tensor.name.hasSuffix("lora_A.weight") else {
                values.update(repeating: 0)
                return
            }
            let bound = 1 / Float(tensor.shape[1]).squareRoot()
            let random = CounterRNG(seed: seed, purpose: .initialization, tensor: number)
            for index in values.indices {
                values[index] = (2 * random.uniform(range.lowerBound + index) - 1) * bound
            }
        }
    }
}
