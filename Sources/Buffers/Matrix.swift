/// A view of row-major fp32 values [rows, columns] that lie in memory owned by somebody else (an arena, a mapped file).
///
/// It is valid as long as that owner lives; it is what kernels take. `stride` counts elements from one row to the next.
package struct Matrix: @unchecked Sendable {
    // Sendable: a plain address and three numbers; the phases of a step decide who writes (see AlignedStorage).
    package let base: UnsafeMutablePointer<Float>
    package let rows: Int
    package let columns: Int
    package let stride: Int

    package init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        precondition(rows >= 0 && columns >= 0 && (stride ?? columns) >= columns)
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// A matrix that fills `elements`, which must hold exactly rows × columns values.
    package init(_ elements: UnsafeMutableBufferPointer<Float>, rows: Int, columns: Int) {
        precondition(elements.count == rows * columns)
        self.init(elements.baseAddress ?? Matrix.nowhere, rows: rows, columns: columns)
    }

    package var isContiguous: Bool { stride == columns }

    /// Rows `[first, first + count)`.
    package func rows(from first: Int, count: Int) -> Matrix {
        precondition(first >= 0 && count >= 0 && first + count <= rows)
        return Matrix(base + first * stride, rows: count, columns: columns, stride: stride)
    }

    /// Columns `[first, first + count)`; the stride stays.
    package func columns(from first: Int, count: Int) -> Matrix {
        precondition(first >= 0 && count >= 0 && first + count <= columns)
        return Matrix(base + first, rows: rows, columns: count, stride: stride)
    }

    /// One row as a buffer.
    package func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(index >= 0 && index < rows)
        return UnsafeMutableBufferPointer(start: base + index * stride, count: columns)
    }

    /// All values as one buffer; the matrix must be contiguous.
    package var elements: UnsafeMutableBufferPointer<Float> {
        precondition(isContiguous)
        return UnsafeMutableBufferPointer(start: base, count: rows * columns)
    }

    /// The address that empty matrices carry; never read or written.
    package static var nowhere: UnsafeMutablePointer<Float> { UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped }
}
