package import Architectures
import Buffers
package import Collectives

/// The trainable parameters and their moments, of which each rank holds what its ZeRO stage says.
///
/// The roles of memory, by name:
/// - *values*, *moments*: all of them, or those of this rank's shard, the only lasting copy in the group;
/// - *slot*: room for one whole unit, filled by a gather and valid from `acquire` to `release`. Two slots take turns,
///   so that the next unit is gathered while one is in use. There are none where every rank holds all parameters.
///
/// Every rank of the group makes the same calls in the same order, whether it has a micro-batch left or not.
package final class TrainableUnits {
    package let space: LogicalSpace
    /// This rank's part, which it saves, whatever it holds.
    package let shard: LogicalShard
    /// What this rank updates: those have their moments here.
    package let updated: LogicalShard
    /// The parameters that are here.
    package let held: LogicalShard
    /// Of `held`.
    package let values: UnsafeMutableBufferPointer<Float>
    /// Of `updated`.
    package let firstMoments: UnsafeMutableBufferPointer<Float>
    package let secondMoments: UnsafeMutableBufferPointer<Float>

    let communicator: any Communicator
    let shards: [LogicalShard]
    private let stage: ZeROStage
    private let storage: AlignedStorage
    private var slots: [UnitSlot]
    private let plans: [UnitID: GatherPlan]

    /// Zeroed parameters and moments.
    package init(
        space: LogicalSpace, units: [UnitID], communicator: any Communicator, stage: ZeROStage = .parameters
    ) throws {
        self.space = space
        self.communicator = communicator
        self.stage = stage
        let (rank, ranks) = (communicator.rank, communicator.size)
        let shards = (0..<ranks).map { space.shard($0, of: ranks) }
        self.shards = shards
        shard = shards[rank]
        updated = stage >= .optimizer ? shard : space.whole
        held = stage >= .parameters ? shard : space.whole
        let size = Size(space: space, units: units, rank: rank, ranks: ranks, stage: stage)
        storage = try AlignedStorage(byteCount: size.values + 2 * size.moments)
        values = storage.elements(at: 0, count: held.elementCount)
        firstMoments = storage.elements(at: size.values, count: updated.elementCount)
        secondMoments = storage.elements(at: size.values + size.moments, count: updated.elementCount)
        let plans = units.map { GatherPlan(space: space, unit: $0, shards: shards) }
        self.plans = Dictionary(uniqueKeysWithValues: zip(units, plans))
        slots = try (0..<size.slotCount).map { _ in try UnitSlot(byteCount: size.slot) }
    }

    /// What one of `ranks` ranks holds, in bytes.
    package struct Size: Equatable, Sendable {
        package let values: Int
        /// Each of the two moments.
        package let moments: Int
        /// Room for the largest unit.
        package let slot: Int
        package let slotCount: Int

        package init(space: LogicalSpace, units: [UnitID], rank: Int, ranks: Int, stage: ZeROStage) {
            let stride = MemoryLayout<Float>.stride
            let shard = space.shard(rank, of: ranks).elementCount
            values = ((stage >= .parameters ? shard : space.elementCount) * stride).roundedUp(toMultipleOf: 64)
            moments = ((stage >= .optimizer ? shard : space.elementCount) * stride).roundedUp(toMultipleOf: 64)
            slot = (units.map { space.range(of: $0).count }.max() ?? 0) * stride
            // Who holds everything lends units from there.
            slotCount = ranks == 1 || stage < .parameters ? 0 : 2
        }

        package var byteCount: Int { values + 2 * moments + slotCount * slot }
    }

    // Of so few parameters that one rank owns them all, ranks must not take this rank's shard for a whole of their own:
    // these say what holds for every rank of the group.
    var holdsAll: Bool { communicator.size == 1 || stage < .parameters }
    /// Whether each rank updates its own shard alone.
    package var sharesUpdate: Bool { communicator.size > 1 && stage >= .optimizer }

    /// The parameters of some elements that are here.
    package func values(of run: LogicalShard.Run) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: values[holdsAll ? run.elements : run.places])
    }

    /// The moments of some elements that are here.
    package func moments(
        of run: LogicalShard.Run
    ) -> (first: UnsafeMutableBufferPointer<Float>, second: UnsafeMutableBufferPointer<Float>) {
        let places = sharesUpdate ? run.places : run.elements
        return (
            UnsafeMutableBufferPointer(rebasing: firstMoments[places]),
            UnsafeMutableBufferPointer(rebasing: secondMoments[places])
        )
    }

    /// Starts the gather of a unit, unless it is here, under way or done already.
    package func prefetch(_ unit: UnitID) {
        let plan = plan(unit)
        guard !holdsAll, !plan.elements.isEmpty, slot(of: unit) == nil else { return }
        guard let free = slots.first(where: { $0.isFree }) else { return }
        let own = UnsafeMutableBufferPointer(rebasing: values[shard.run(of: unit)?.places ?? 0..<0])
        free.fill(
            unit,
            communicator.startAllGather(
                send: UnsafeRawBufferPointer(own), receive: free.bytes(elements: plan.elements.count),
                counts: plan.byteCounts, displacements: plan.byteDisplacements))
    }

    /// Lends all parameters of a unit until `release`; gathers them now if nobody has begun.
    package func acquire(_ unit: UnitID) throws -> UnsafeMutableBufferPointer<Float> {
        let elements = plan(unit).elements
        guard !elements.isEmpty else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        if holdsAll { return UnsafeMutableBufferPointer(rebasing: values[elements]) }
        prefetch(unit)
        guard let slot = slot(of: unit) else { preconditionFailure("both slots are taken when \(unit) is acquired") }
        return try slot.acquire(count: elements.count)
    }

    package func release(_ unit: UnitID) {
        guard !holdsAll, !plan(unit).elements.isEmpty else { return }
        guard let slot = slot(of: unit) else { preconditionFailure("\(unit) is released without having been acquired") }
        slot.release()
    }

    /// Sends what this rank updated to those that hold it, too. All ranks call it at the end of a step.
    package func shareUpdates() throws {
        guard sharesUpdate, holdsAll else { return }
        for unit in space.units {
            let plan = plan(unit)
            let none = plan.elements.lowerBound..<plan.elements.lowerBound
            let own = UnsafeMutableBufferPointer(rebasing: values[shard.run(of: unit)?.elements ?? none])
            try communicator.startAllGather(
                send: UnsafeRawBufferPointer(own),
                receive: UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: values[plan.elements])),
                counts: plan.byteCounts, displacements: plan.byteDisplacements
            ).wait()
        }
    }

    /// The parts of a run, numbered from its first element, that all decay, or all do not.
    package func decayParts(of run: LogicalShard.Run) -> [(elements: Range<Int>, decays: Bool)] {
        var parts: [(elements: Range<Int>, decays: Bool)] = []
        for (number, tensor) in space.tensors.enumerated() {
            let whole = space.offsets[number]..<space.offsets[number] + tensor.elementCount
            let part = whole.clamped(to: run.elements)
            guard !part.isEmpty else { continue }
            let elements = part.lowerBound - run.elements.lowerBound..<part.upperBound - run.elements.lowerBound
            if let last = parts.last, last.decays == tensor.decays {
                parts[parts.count - 1].elements = last.elements.lowerBound..<elements.upperBound
            } else {
                parts.append((elements, tensor.decays))
            }
        }
        return parts
    }

    private func plan(_ unit: UnitID) -> GatherPlan {
        guard let plan = plans[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return plan
    }

    private func slot(of unit: UnitID) -> UnitSlot? { slots.first { $0.unit == unit } }
}
