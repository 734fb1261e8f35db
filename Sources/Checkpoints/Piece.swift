package import Architectures
package import Buffers

/// A run of elements of one quantity of a logical tensor, where it lies in memory: what a rank gives to a checkpoint.
///
/// It says nothing of ranks, so that any number of ranks can read what any other number wrote. It is valid as long as
/// the memory that `bytes` points into.
package struct Piece: @unchecked Sendable {
    // Sendable: an address of memory that nobody writes while it is saved.
    package let key: PieceKey
    /// Row-major element numbers inside the tensor.
    package let range: Range<Int>
    package let type: ScalarType
    package let bytes: UnsafeRawBufferPointer

    package init(key: PieceKey, range: Range<Int>, type: ScalarType, bytes: UnsafeRawBufferPointer) {
        precondition(range.lowerBound >= 0 && bytes.count == range.count * type.byteCount)
        precondition(key.hasUsableName, "\(key.tensor) cannot be a name in a checkpoint")
        self.key = key
        self.range = range
        self.type = type
        self.bytes = bytes
    }

    /// The pieces of a rank's shard: `values` are the elements `run` of the logical space.
    package static func pieces(
        _ quantity: Quantity, of space: LogicalSpace, run: Range<Int>, values: UnsafeBufferPointer<Float>
    ) -> [Piece] {
        precondition(values.count == run.count)
        let bytes = UnsafeRawBufferPointer(values)
        var next = 0
        return space.ranges(in: run).map { part in
            let width = ScalarType.float32.byteCount
            let slice = bytes[next * width..<(next + part.count) * width]
            next += part.count
            return Piece(
                key: PieceKey(part.tensor, quantity), range: part.start..<part.end, type: .float32,
                bytes: UnsafeRawBufferPointer(rebasing: slice))
        }
    }

    /// The first `count` elements, and the rest.
    func divided(at count: Int) -> (Piece, Piece) {
        let middle = range.lowerBound + count
        let cut = count * type.byteCount
        return (
            Piece(
                key: key, range: range.lowerBound..<middle, type: type,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[..<cut])),
            Piece(
                key: key, range: middle..<range.upperBound, type: type,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[cut...]))
        )
    }
}
