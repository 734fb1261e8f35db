package import Architectures
package import Checkpoints
package import Quantization
import Sharding

/// A base store as the walk over a model sees it: units lent from the mapped file.
package final class StoredBase: UnitSource {
    package let store: BaseStore
    private let layouts: [UnitID: UnitLayout]

    package init(_ store: BaseStore) {
        self.store = store
        layouts = Dictionary(uniqueKeysWithValues: store.description.layouts.map { ($0.unit, $0) })
    }

    package func layout(of unit: UnitID) -> UnitLayout {
        guard let layout = layouts[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return layout
    }

    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer { store.bytes(of: unit) }

    package func willNeed(_ unit: UnitID) { store.willNeed(unit) }

    package func dontNeed(_ unit: UnitID, part: Range<Int>) { store.dontNeed(unit, part: part) }
}
