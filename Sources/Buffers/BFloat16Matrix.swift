/// A view of row-major bf16 values [rows, columns], as `Matrix` is of fp32 ones.
package struct BFloat16Matrix: @unchecked Sendable {
    // Sendable: see Matrix.
    package let base: UnsafeMutablePointer<UInt16>
    package let rows: Int
    package let columns: Int

    /// A matrix that fills `elements`, bit patterns, of which there must be exactly rows × columns.
    package init(_ elements: UnsafeMutableBufferPointer<UInt16>, rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0 && elements.count == rows * columns)
        base = elements.baseAddress ?? UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped
        self.rows = rows
        self.columns = columns
    }

    package func hasShape(of matrix: Matrix) -> Bool { rows == matrix.rows && columns == matrix.columns }
}
