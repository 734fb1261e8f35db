package import Buffers

/// A stored weight [rows, columns] where it lies: its format and the addresses of its parts.
///
/// Kernels decode panels straight from it. It is valid as long as the memory it points into (a mapped base store, a
/// gathered unit, a trainable matrix).
package struct WeightView: @unchecked Sendable {
    // Sendable: addresses of memory that nobody writes while a view of it is in use (see Matrix).
    package let format: WeightFormat
    package let rows: Int
    package let columns: Int
    package let codes: UnsafeRawPointer
    package let scales: UnsafeRawPointer?
    package let nestedScales: UnsafePointer<Float>?
    package let scaleOffset: Float

    package var elementCount: Int { rows * columns }

    /// The tensor whose parts lie in `bytes` as `format.parts(elementCount:)` says.
    package init(format: WeightFormat, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer) {
        let parts = format.parts(elementCount: rows * columns)
        precondition(bytes.count >= format.byteCount(elementCount: rows * columns))
        let base = bytes.baseAddress ?? UnsafeRawPointer(Matrix.nowhere)
        func address(_ part: TensorPart) -> UnsafeRawPointer? {
            parts.first { $0.part == part }.map { base + $0.offset }
        }
        self.format = format
        self.rows = rows
        self.columns = columns
        codes = address(.codes) ?? base
        scales = address(.scales)
        nestedScales = address(.nestedScales)?.assumingMemoryBound(to: Float.self)
        scaleOffset = address(.scaleOffset)?.loadUnaligned(as: Float.self) ?? 0
    }

    /// Rows of a weight that is not quantised.
    package func rows(_ range: Range<Int>) -> WeightView {
        precondition(!format.isQuantized && range.lowerBound >= 0 && range.upperBound <= rows)
        let rowBytes = format.codeByteCount(elementCount: columns)
        return WeightView(
            format: format, rows: range.count, columns: columns, codes: codes + range.lowerBound * rowBytes)
    }

    private init(format: WeightFormat, rows: Int, columns: Int, codes: UnsafeRawPointer) {
        self.format = format
        self.rows = rows
        self.columns = columns
        self.codes = codes
        scales = nil
        nestedScales = nil
        scaleOffset = 0
    }

    /// The values, or the packed codes, without scales.
    package var codeBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: codes, count: format.codeByteCount(elementCount: elementCount))
    }

    /// A contiguous fp32 matrix as a weight: LoRA's A and B take the same road as the base.
    package init(_ matrix: Matrix) {
        precondition(matrix.isContiguous)
        self.init(
            format: .fp32, rows: matrix.rows, columns: matrix.columns, codes: UnsafeRawPointer(matrix.base))
    }
}
