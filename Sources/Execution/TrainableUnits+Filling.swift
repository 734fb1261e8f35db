package import Architectures
package import Sharding

extension TrainableUnits {
    /// Fills the parameters that this rank holds from whole tensors.
    /// - Parameter load: the values of one tensor, row-major; only called for tensors that it holds a part of.
    package func fill(from load: (LogicalTensor) throws -> [Float]) throws {
        try forEachRun { _, tensor, range, values in
            _ = values.update(fromContentsOf: try load(tensor)[range])
        }
    }

    /// Walks the parts of tensors that are here: the tensor's number, the elements of it, and where they lie.
    func forEachRun(
        _ body: (Int, LogicalTensor, Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        for (number, tensor) in space.tensors.enumerated() {
            let whole = space.offsets[number]..<space.offsets[number] + tensor.elementCount
            guard let run = held.run(of: tensor.unit) else { continue }
            let part = whole.clamped(to: run.elements)
            guard !part.isEmpty else { continue }
            let start = part.lowerBound - run.elements.lowerBound
            let values = UnsafeMutableBufferPointer(rebasing: values(of: run)[start..<start + part.count])
            try body(number, tensor, part.lowerBound - whole.lowerBound..<part.upperBound - whole.lowerBound, values)
        }
    }
}
