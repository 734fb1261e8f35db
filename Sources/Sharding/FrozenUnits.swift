package import Architectures
package import Quantization

/// The frozen units of the base as a walk over the model borrows them: acquire, prefetch the next, release.
///
/// With `nodes_per_copy: 1` every node maps the whole store and all its ranks share the pages, so that acquiring lends
/// the mapped bytes at once and nothing crosses the network.
package final class FrozenUnits {
    private let source: any UnitSource
    /// Whether the pages of a released unit stay mapped.
    package let keepsPages: Bool
    private var borrowed: Set<UnitID> = []
    private var announced: Set<UnitID> = []

    /// - Parameter keepsPages: false: a released unit's pages are given back to the page cache of the system, so that
    ///   this process holds those of the units in use alone. To map them again takes about a thousandth of a training
    ///   step, but most of a walk over a single token.
    package init(source: any UnitSource, keepsPages: Bool = true) {
        self.source = source
        self.keepsPages = keepsPages
    }

    /// Announces that `unit` is acquired soon; once, where pages are kept: to look for them all again takes a tenth of
    /// a walk over a single token.
    package func prefetch(_ unit: UnitID) {
        if !keepsPages || announced.insert(unit).inserted { source.willNeed(unit) }
    }

    /// Lends the unit's bytes until `release`.
    package func acquire(_ unit: UnitID) -> LentUnit {
        let isNew = borrowed.insert(unit).inserted
        precondition(isNew, "\(unit) is acquired twice")
        return LentUnit(layout: source.layout(of: unit), bytes: source.bytes(of: unit))
    }

    package func release(_ unit: UnitID) {
        let wasBorrowed = borrowed.remove(unit) != nil
        precondition(wasBorrowed, "\(unit) is released without having been acquired")
        if !keepsPages { source.dontNeed(unit, part: 0..<source.layout(of: unit).byteCount) }
    }

    /// Gives the pages of a part of a unit back that is still lent.
    package func giveBack(_ bytes: UnsafeRawBufferPointer, of unit: UnitID) {
        guard !keepsPages, let start = bytes.baseAddress, let base = source.bytes(of: unit).baseAddress else { return }
        let first = start - base
        precondition(first >= 0 && first + bytes.count <= source.layout(of: unit).byteCount)
        source.dontNeed(unit, part: first..<first + bytes.count)
    }
}

/// The bytes of a unit while they are lent.
package struct LentUnit {
    package let layout: UnitLayout
    package let bytes: UnsafeRawBufferPointer

    /// The weight with this role; it must exist.
    package func weight(_ role: TensorRole) -> WeightView {
        guard let weight = layout.weight(role, in: bytes) else { preconditionFailure("\(layout.unit) has no \(role)") }
        return weight
    }

    package func optionalWeight(_ role: TensorRole) -> WeightView? { layout.weight(role, in: bytes) }
}
