package import Buffers

/// The arena of one rank and the layout that divides it.
package final class Activations: Sendable {
    package let layout: StepLayout
    private let storage: AlignedStorage

    package init(_ layout: StepLayout) throws {
        self.layout = layout
        storage = try AlignedStorage(byteCount: layout.byteCount)
    }

    /// The first `rows` rows of a slot as an fp32 matrix.
    package func matrix(_ slot: ActivationSlot, rows: Int) -> Matrix {
        precondition(slot.type == .float32 && rows <= slot.rows)
        let elements = storage.elements(of: Float.self, at: slot.offset, count: rows * slot.columns)
        return Matrix(elements, rows: rows, columns: slot.columns)
    }

    /// The first `rows` rows of a slot of bf16 values.
    package func saved(_ slot: ActivationSlot, rows: Int) -> BFloat16Matrix {
        precondition(slot.type == .bfloat16 && rows <= slot.rows)
        let elements = storage.elements(of: UInt16.self, at: slot.offset, count: rows * slot.columns)
        return BFloat16Matrix(elements, rows: rows, columns: slot.columns)
    }
}
