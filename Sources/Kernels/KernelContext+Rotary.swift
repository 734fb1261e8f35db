package import Buffers
import CKernels

extension KernelContext {
    /// Turns every head of x [M, heads · headSize] in place by the angles of its row's position.
    ///
    /// The elements i and i + headSize / 2 of a head are a pair (Hugging Face's order). `inverse` turns back: it is the
    /// gradient.
    package func rotate(
        _ x: Matrix, headSize: Int, positions: UnsafeBufferPointer<Int32>, table: RotaryTable, inverse: Bool
    ) {
        precondition(headSize > 0 && x.columns % headSize == 0 && headSize == 2 * table.halfSize)
        precondition(positions.count == x.rows)
        precondition(positions.allSatisfy { $0 >= 0 && $0 < table.positions }, "a position lies outside the table")
        run { sk_rotate($0, x.native, Int64(headSize), positions.baseAddress, table.cosines, table.sines, inverse) }
    }
}
