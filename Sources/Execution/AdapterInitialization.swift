package import Architectures
import Buffers
package import Sharding

/// The adapters' first values: A uniform in ±1/√K, B zero, as PEFT initialises LoRA, from the counter-based RNG.
///
/// Source: peft, `tuners/lora/layer.py`, `reset_lora_parameters` (Kaiming uniform with a = √5).
package enum AdapterInitialization {
    /// Fills this rank's shard; each element is a function of seed, tensor and element alone.
    package static func fill(_ trainables: TrainableUnits, seed: UInt64) {
        forEachRun(of: trainables) { number, tensor, range, values in
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

    /// Fills this rank's shard from whole tensors.
    /// - Parameter load: the values of one tensor, row-major.
    package static func fill(_ trainables: TrainableUnits, from load: (LogicalTensor) throws -> [Float]) throws {
        try forEachRun(of: trainables) { _, tensor, range, values in
            _ = values.update(fromContentsOf: try load(tensor)[range])
        }
    }

    /// Walks the parts of tensors in the shard: the tensor's number, the elements of it, and where they lie.
    private static func forEachRun(
        of trainables: TrainableUnits,
        _ body: (Int, LogicalTensor, Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        let space = trainables.space
        for (number, tensor) in space.tensors.enumerated() {
            let whole = space.offsets[number]..<space.offsets[number] + tensor.elementCount
            let part = whole.clamped(to: trainables.shard)
            guard !part.isEmpty else { continue }
            let start = part.lowerBound - trainables.shard.lowerBound
            let values = UnsafeMutableBufferPointer(rebasing: trainables.values[start..<start + part.count])
            try body(number, tensor, part.lowerBound - whole.lowerBound..<part.upperBound - whole.lowerBound, values)
        }
    }
}
