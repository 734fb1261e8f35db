package import Architectures
internal import Buffers

extension CheckpointReader {
    /// Copies elements `run` of a logical space into `values`: what a rank's shard needs.
    /// - Throws: `InputError` of kind `.data` where a tensor is missing or is not fp32 of that shape.
    package func read(
        _ quantity: Quantity, of space: LogicalSpace, run: Range<Int>, into values: UnsafeMutableBufferPointer<Float>
    ) throws {
        precondition(values.count == run.count)
        let shapes = Dictionary(space.tensors.map { ($0.name, $0.shape) }) { first, _ in first }
        var next = 0
        for part in space.ranges(in: run) {
            let key = PieceKey(part.tensor, quantity)
            guard let stored = tensor(key), stored.type == .float32, stored.shape == shapes[part.tensor] else {
                throw InputError(
                    .data, file: directory, place: "\(key)", "is not there with the shape that the job gives it",
                    remedy: "resume with the job that wrote the checkpoint")
            }
            let slice = UnsafeMutableBufferPointer(rebasing: values[next..<next + part.count])
            try read(key, range: part.start..<part.end, into: UnsafeMutableRawBufferPointer(slice))
            next += part.count
        }
    }
}
