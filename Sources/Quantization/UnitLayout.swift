package import Architectures
import Buffers

/// Where each tensor of a unit lies in the unit's bytes: one run that is stored, mapped, gathered and released as a
/// whole.
package struct UnitLayout: Sendable, Equatable {
    /// One tensor's place.
    package struct Entry: Sendable, Equatable {
        package let tensor: BaseTensor
        package let format: WeightFormat
        /// First byte in the unit; a multiple of 64.
        package let offset: Int
        package let byteCount: Int
    }

    package let unit: UnitID
    package let entries: [Entry]
    /// Padded to a multiple of `pageSize`, so that units map and cut into shards.
    package let byteCount: Int

    package static let pageSize = 4096

    /// Lays the tensors of `unit` one behind the other, in the order given.
    package init(unit: UnitID, tensors: [(tensor: BaseTensor, format: WeightFormat)]) {
        var entries: [Entry] = []
        var next = 0
        for (tensor, format) in tensors {
            precondition(tensor.unit == unit)
            let byteCount = format.byteCount(elementCount: tensor.elementCount)
            entries.append(Entry(tensor: tensor, format: format, offset: next, byteCount: byteCount))
            next += byteCount
        }
        self.unit = unit
        self.entries = entries
        byteCount = next.roundedUp(toMultipleOf: Self.pageSize)
    }

    /// The weight with this role where the unit's bytes lie now; nil where the unit has none.
    package func weight(_ role: TensorRole, in bytes: UnsafeRawBufferPointer) -> WeightView? {
        precondition(bytes.count >= byteCount)
        guard let entry = entries.first(where: { $0.tensor.role == role }) else { return nil }
        return WeightView(
            format: entry.format, rows: entry.tensor.rows, columns: entry.tensor.columns,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.byteCount]))
    }
}
