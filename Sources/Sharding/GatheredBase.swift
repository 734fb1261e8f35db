package import Architectures
import Buffers
package import Collectives
package import Quantization

/// A frozen base of which each node of a copy holds one slice a unit, in memory that the ranks of the node share.
///
/// The roles of memory, all in one window of the node:
/// - *slices*: this node's part of every unit, the only lasting one;
/// - *slot*: room for one whole unit, gathered in its stored format by the leaders, read by all ranks of the node, and
///   valid from `acquire` to `release`.
///
/// All ranks of a copy make the same calls in the same order. A rank that acquires a unit has released those before it,
/// so that the meeting of a node's ranks in `acquire` also says which slots may be filled anew.
package final class GatheredBase: UnitSource, @unchecked Sendable {
    // Sendable: a source is used by the thread of its rank alone.
    private let layouts: [UnitID: UnitLayout]
    private let placement: CopyPlacement
    private let plan: Plan
    private let window: SharedWindow
    private let slots: [Slot]

    /// - Parameters:
    ///   - layouts: of all units, in their order.
    ///   - placement: at least two nodes a copy.
    ///   - depth: how many units are gathered ahead of the one in use.
    ///   - alsoHeld: how many units are held beside the one in use, at most: one where head and embedding are tied.
    ///   - load: writes some bytes of a unit; called on the leaders alone.
    /// - Throws: `CollectiveError` where the node has no memory for its window.
    package init(
        layouts: [UnitLayout], placement: CopyPlacement, depth: Int, alsoHeld: Int,
        load: (UnitID, Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        precondition(placement.nodesPerCopy > 1, "a copy on one node is mapped, not gathered")
        self.layouts = Dictionary(uniqueKeysWithValues: layouts.map { ($0.unit, $0) })
        self.placement = placement
        let plan = Plan(
            layouts: layouts, nodesPerCopy: placement.nodesPerCopy, position: placement.position, depth: depth,
            alsoHeld: alsoHeld)
        self.plan = plan
        window = try placement.node.makeSharedWindow(byteCount: plan.byteCount)
        slots = (0..<plan.slotCount).map { Slot(start: plan.firstSlot + $0 * plan.slotByteCount) }
        if placement.node.isCoordinator {
            for layout in layouts {
                let unit = layout.unit
                try load(unit, plan.slice(unit), bytes(plan.place(unit)))
            }
        }
    }

    package var senders: (any Communicator)? { placement.leaders }

    package func layout(of unit: UnitID) -> UnitLayout {
        guard let layout = layouts[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return layout
    }

    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer {
        guard let slot = slot(of: unit) else { preconditionFailure("\(unit) is read without having been acquired") }
        return UnsafeRawBufferPointer(bytes(slot, of: unit))
    }

    package func willNeed(_ unit: UnitID) {}

    package func dontNeed(_ unit: UnitID, part: Range<Int>) {}

    package func acquire(_ unit: UnitID, upcoming: (Int) -> UnitID?) throws {
        if slot(of: unit) == nil {
            // Others of the node may still read what the slot held.
            try meet()
            begin(unit)
        }
        guard let slot = slot(of: unit) else { preconditionFailure("all slots are taken when \(unit) is acquired") }
        if let request = slot.pending.take() { try request.wait() }
        try meet()
        slot.isLent = true
        for distance in 0..<plan.depth {
            guard let next = upcoming(distance) else { break }
            begin(next)
        }
    }

    package func release(_ unit: UnitID) {
        // A unit whose gather failed was never lent.
        guard let slot = slot(of: unit), slot.isLent else { return }
        slot.isLent = false
        slot.unit = nil
    }

    package func finish() {
        for slot in slots {
            if let request = slot.pending.take() { request.drain() }
        }
    }

    private func slot(of unit: UnitID) -> Slot? { slots.first { $0.unit == unit } }

    /// The ranks of the node wait for one another.
    private func meet() throws {
        if placement.node.size > 1 { try placement.node.barrier() }
    }

    /// Begins to gather a unit into a free slot, unless it is in one already or there is none.
    private func begin(_ unit: UnitID) {
        guard slot(of: unit) == nil, let slot = slots.first(where: { $0.unit == nil }) else { return }
        slot.unit = unit
        guard let leaders = placement.leaders else { return }
        let counts = plan.counts(unit)
        slot.pending = leaders.startAllGather(
            send: UnsafeRawBufferPointer(bytes(plan.place(unit))), receive: bytes(slot, of: unit), counts: counts.bytes,
            displacements: counts.displacements)
    }

    private func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: window.bytes[range])
    }

    private func bytes(_ slot: Slot, of unit: UnitID) -> UnsafeMutableRawBufferPointer {
        bytes(slot.start..<slot.start + layout(of: unit).byteCount)
    }

    /// Where a unit is between the begin of its gather and its release.
    private final class Slot {
        let start: Int
        var unit: UnitID?
        var isLent = false
        /// The gather, on the leader.
        var pending: PendingRequest?

        init(start: Int) { self.start = start }
    }
}
