package import Architectures
import Buffers
package import Collectives
package import Quantization

/// A frozen base that a node holds whole, in memory that its ranks share: for nodes that do not see the base's file.
package final class ReceivedBase: UnitSource, @unchecked Sendable {
    // Sendable: nothing changes once the base is made.
    private let places: [UnitID: (layout: UnitLayout, start: Int)]
    private let window: SharedWindow

    /// The ranks of the node call it; all of them find every unit in place when it returns.
    ///
    /// - Parameters:
    ///   - layouts: of all units, in their order.
    ///   - load: writes some bytes of a unit; called on the leader alone.
    /// - Throws: `CollectiveError` where the node has no memory for the base.
    package init(
        layouts: [UnitLayout], node: any Communicator,
        load: (UnitID, Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        var places: [UnitID: (layout: UnitLayout, start: Int)] = [:]
        var next = 0
        for layout in layouts {
            places[layout.unit] = (layout, next)
            // Whole pages.
            next += layout.byteCount
        }
        self.places = places
        window = try node.makeSharedWindow(byteCount: next)
        if node.isCoordinator {
            for layout in layouts {
                let start = places[layout.unit]?.start ?? 0
                let room = window.bytes[start..<start + layout.byteCount]
                try load(layout.unit, 0..<layout.byteCount, UnsafeMutableRawBufferPointer(rebasing: room))
            }
        }
        if node.size > 1 { try node.barrier() }
    }

    package func layout(of unit: UnitID) -> UnitLayout { place(unit).layout }

    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer {
        let (layout, start) = place(unit)
        return UnsafeRawBufferPointer(rebasing: window.bytes[start..<start + layout.byteCount])
    }

    package func willNeed(_ unit: UnitID) {}

    package func dontNeed(_ unit: UnitID, part: Range<Int>) {}

    private func place(_ unit: UnitID) -> (layout: UnitLayout, start: Int) {
        guard let place = places[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return place
    }
}
