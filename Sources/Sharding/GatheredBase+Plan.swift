package import Architectures
import Buffers
package import Quantization

extension GatheredBase {
    /// Where everything lies in a node's window.
    package struct Plan: Equatable, Sendable {
        package let depth: Int
        /// This node's number in its copy.
        let position: Int
        private let places: [UnitID: Range<Int>]
        private let gathers: [UnitID: Counts]
        /// Bytes of this node's slices of all units.
        package let residentByteCount: Int
        let firstSlot: Int
        package let slotByteCount: Int
        package let slotCount: Int

        struct Counts: Equatable, Sendable {
            let bytes: [Int]
            let displacements: [Int]
        }

        package init(layouts: [UnitLayout], nodesPerCopy: Int, position: Int, depth: Int, alsoHeld: Int) {
            precondition(nodesPerCopy > 1 && position >= 0 && position < nodesPerCopy && depth >= 0)
            self.depth = depth
            self.position = position
            var places: [UnitID: Range<Int>] = [:]
            var gathers: [UnitID: Counts] = [:]
            var next = 0
            for layout in layouts {
                let slices = (0..<nodesPerCopy).map { Self.slice(layout.byteCount, $0, of: nodesPerCopy) }
                places[layout.unit] = next..<next + slices[position].count
                next += slices[position].count.roundedUp(toMultipleOf: Self.alignment)
                gathers[layout.unit] = Counts(
                    bytes: slices.map(\.count), displacements: slices.map { $0.isEmpty ? 0 : $0.lowerBound })
            }
            self.places = places
            self.gathers = gathers
            residentByteCount = next
            firstSlot = next.roundedUp(toMultipleOf: Self.pageSize)
            slotByteCount = (layouts.map(\.byteCount).max() ?? 0).roundedUp(toMultipleOf: Self.pageSize)
            slotCount = min(1 + depth + alsoHeld, layouts.count)
        }

        /// Bytes of the window.
        package var byteCount: Int { firstSlot + slotCount * slotByteCount }

        /// Bytes that this node receives for one gather of a unit.
        package func receivedByteCount(_ unit: UnitID) -> Int {
            let counts = counts(unit)
            return counts.bytes.reduce(0, +) - counts.bytes[position]
        }

        /// Bytes of a unit that each node of the copy holds, in their order.
        package func sliceByteCounts(_ unit: UnitID) -> [Int] { counts(unit).bytes }

        func place(_ unit: UnitID) -> Range<Int> {
            guard let place = places[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
            return place
        }

        func counts(_ unit: UnitID) -> Counts {
            guard let counts = gathers[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
            return counts
        }

        /// The bytes of a unit that this node holds.
        func slice(_ unit: UnitID) -> Range<Int> {
            let counts = counts(unit)
            let first = counts.displacements[position]
            return first..<first + counts.bytes[position]
        }

        /// The bytes that the node at place `index` of `count` holds of a unit: equal parts, but for the last.
        static func slice(_ byteCount: Int, _ index: Int, of count: Int) -> Range<Int> {
            let part = byteCount.dividedRoundingUp(by: count).roundedUp(toMultipleOf: alignment)
            return min(index * part, byteCount)..<min((index + 1) * part, byteCount)
        }

        private static let alignment = 64
        private static let pageSize = 4096
    }
}
