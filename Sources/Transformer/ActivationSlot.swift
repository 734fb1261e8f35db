package import Buffers

/// A place in the arena for at most `rows` × `columns` values of one stored type.
package struct ActivationSlot: Sendable, Equatable {
    /// First byte in the arena; a multiple of 64.
    package let offset: Int
    package let rows: Int
    package let columns: Int
    /// How the values are stored; what is not fp32 is converted where it is saved and where it is used.
    package let type: ScalarType

    package var byteCount: Int { rows * columns * type.byteCount }
}

/// Hands out slots one after the other.
struct SlotCursor {
    private(set) var byteCount = 0

    mutating func slot(rows: Int, columns: Int, type: ScalarType = .float32) -> ActivationSlot {
        let slot = ActivationSlot(offset: byteCount, rows: rows, columns: columns, type: type)
        byteCount = (byteCount + slot.byteCount).roundedUp(toMultipleOf: 64)
        return slot
    }

    /// Goes on behind cursors that began here and divided the same room, each in its way.
    mutating func advance(past others: [SlotCursor]) { byteCount = others.map(\.byteCount).reduce(byteCount, max) }
}
