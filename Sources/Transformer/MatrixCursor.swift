import Buffers

/// Cuts matrices off a flat run of values, one after the other.
struct MatrixCursor {
    private let values: UnsafeMutableBufferPointer<Float>
    private var next = 0

    init(_ values: UnsafeMutableBufferPointer<Float>) { self.values = values }

    mutating func take(_ rows: Int, _ columns: Int) -> Matrix {
        defer { next += rows * columns }
        return Matrix(
            UnsafeMutableBufferPointer(rebasing: values[next..<next + rows * columns]), rows: rows, columns: columns)
    }

    /// Everything must have been taken.
    func finish() { precondition(next == values.count) }
}
