package import Architectures
package import Sharding

extension TrainableUnits {
    /// Fills this rank's shard from whole tensors.
    /// - Parameter load: the values of one tensor, row-major; only called for tensors that the shard has a part of.
    package func fill(from load: (LogicalTensor) throws -> [Float]) throws {
        try forEachRun { _, tensor, range, values in
            _ = values.update(fromContentsOf: try load(tensor)[range])
        }
    }

    /// Walks the parts of tensors in the shard: the tensor's number, the elements of it, and where they lie.
    func forEachRun(
        _ body: (Int, LogicalTensor, Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        for (number, tensor) in space.tensors.enumerated() {
            let whole = space.offsets[number]..<space.offsets[number] + tensor.elementCount
            let part = whole.clamped(to: shard)
            guard !part.isEmpty else { continue }
            let start = part.lowerBound - shard.lowerBound
            let values = UnsafeMutableBufferPointer(rebasing: values[start..<start + part.count])
            try body(number, tensor, part.lowerBound - whole.lowerBound..<part.upperBound - whole.lowerBound, values)
        }
    }
}
