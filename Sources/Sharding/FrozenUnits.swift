package import Architectures
package import Collectives
import Quantization

/// The frozen units of the base as a walk over the model borrows them: acquire, release; the next ones are asked for
/// meanwhile.
package final class FrozenUnits {
    private let source: any UnitSource
    /// Whether the pages of a released unit stay mapped.
    package let keepsPages: Bool
    private var borrowed: Set<UnitID> = []
    private var announced: Set<UnitID> = []
    private var cursor = WalkCursor()

    /// - Parameter keepsPages: false: a released unit's pages are given back to the page cache of the system, so that
    ///   this process holds those of the units in use alone. To map them again takes about a thousandth of a training
    ///   step, but most of a walk over a single token.
    package init(source: any UnitSource, keepsPages: Bool = true) {
        self.source = source
        self.keepsPages = keepsPages
    }

    deinit { source.finish() }

    /// The ranks that send each other the bytes of units, this one among them; nil where it takes no part.
    package var senders: (any Communicator)? { source.senders }

    /// Says in which order units are used from now on. All ranks make the same walks, and all walks begin alike.
    package func begin(_ walk: [UnitID]) { cursor.begin(walk) }

    /// Lends the unit's bytes until `release`.
    package func acquire(_ unit: UnitID) throws -> LentUnit {
        let isNew = borrowed.insert(unit).inserted
        precondition(isNew, "\(unit) is acquired twice")
        cursor.pass(unit)
        try source.acquire(unit, upcoming: cursor.upcoming)
        if let next = cursor.upcoming(0) { announce(next) }
        return LentUnit(layout: source.layout(of: unit), bytes: source.bytes(of: unit))
    }

    package func release(_ unit: UnitID) {
        let wasBorrowed = borrowed.remove(unit) != nil
        precondition(wasBorrowed, "\(unit) is released without having been acquired")
        if !keepsPages { source.dontNeed(unit, part: 0..<source.layout(of: unit).byteCount) }
        source.release(unit)
    }

    /// Gives the pages of a part of a unit back that is still lent.
    package func giveBack(_ bytes: UnsafeRawBufferPointer, of unit: UnitID) {
        guard !keepsPages, let start = bytes.baseAddress, let base = source.bytes(of: unit).baseAddress else { return }
        let first = start - base
        precondition(first >= 0 && first + bytes.count <= source.layout(of: unit).byteCount)
        source.dontNeed(unit, part: first..<first + bytes.count)
    }

    /// Once for each unit where pages are kept: to look for them all again takes a tenth of a walk over a single token.
    private func announce(_ unit: UnitID) {
        if !keepsPages || announced.insert(unit).inserted { source.willNeed(unit) }
    }
}
