package import Architectures
import Buffers
package import Kernels
package import Quantization
import Sharding

/// A base encoded in memory from a Hugging Face directory, for commands that write nothing beside a model.
package final class EncodedBase: UnitSource {
    private let units: [UnitID: (layout: UnitLayout, storage: AlignedStorage)]

    package init(_ encoding: BaseEncoding, context: KernelContext) throws {
        let formats = try encoding.formats()
        var units: [UnitID: (layout: UnitLayout, storage: AlignedStorage)] = [:]
        for unit in encoding.architecture.units {
            let layout = UnitLayout(unit: unit, tensors: formats.filter { $0.tensor.unit == unit })
            let storage = try AlignedStorage(byteCount: layout.byteCount)
            for entry in layout.entries {
                try encoding.encode(
                    entry.tensor, as: entry.format, into: storage.bytes(at: entry.offset, count: entry.byteCount),
                    context: context)
            }
            units[unit] = (layout, storage)
        }
        self.units = units
    }

    private func unit(_ unit: UnitID) -> (layout: UnitLayout, storage: AlignedStorage) {
        guard let found = units[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return found
    }

    package func layout(of unit: UnitID) -> UnitLayout { self.unit(unit).layout }

    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(self.unit(unit).storage.bytes())
    }

    package func willNeed(_ unit: UnitID) {}

    package func dontNeed(_ unit: UnitID, part: Range<Int>) {}
}
