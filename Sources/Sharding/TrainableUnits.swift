package import Architectures
import Buffers
package import Collectives

/// The trainable parameters, each rank holding one shard of the logical space (ZeRO stage 3).
///
/// The roles of memory, by name:
/// - *shard values*, *moments*: this rank's run of the logical space, the only lasting copy in the group;
/// - *slot*: room for one whole unit, filled by a gather and valid from `acquire` to `release`. Two slots take turns,
/// so   that the next unit is gathered while one is in use.
///
/// Every rank of the group makes the same calls in the same order, whether it has a micro-batch left or not.
package final class TrainableUnits {
    package let space: LogicalSpace
    /// This rank's elements of the logical space.
    package let shard: Range<Int>
    package let values: UnsafeMutableBufferPointer<Float>
    package let firstMoments: UnsafeMutableBufferPointer<Float>
    package let secondMoments: UnsafeMutableBufferPointer<Float>

    let communicator: any Communicator
    private let storage: AlignedStorage
    private var slots: [UnitSlot]
    private let plans: [UnitID: GatherPlan]

    /// Zeroed parameters and moments.
    package init(space: LogicalSpace, units: [UnitID], communicator: any Communicator) throws {
        self.space = space
        self.communicator = communicator
        shard = space.shard(communicator.rank, of: communicator.size)
        let size = Size(space: space, units: units, rank: communicator.rank, ranks: communicator.size)
        let run = size.run
        storage = try AlignedStorage(byteCount: 3 * run)
        values = storage.elements(at: 0, count: shard.count)
        firstMoments = storage.elements(at: run, count: shard.count)
        secondMoments = storage.elements(at: 2 * run, count: shard.count)
        let plans = units.map { GatherPlan(space: space, unit: $0, ranks: communicator.size) }
        self.plans = Dictionary(uniqueKeysWithValues: zip(units, plans))
        slots = try (0..<size.slotCount).map { _ in try UnitSlot(byteCount: size.slot) }
    }

    /// What one of `ranks` ranks holds, in bytes.
    package struct Size: Equatable, Sendable {
        /// A value for each element of the shard: there are three such runs, the parameters and two moments.
        package let run: Int
        /// Room for the largest unit.
        package let slot: Int
        package let slotCount: Int

        package init(space: LogicalSpace, units: [UnitID], rank: Int, ranks: Int) {
            let stride = MemoryLayout<Float>.stride
            run = (space.shard(rank, of: ranks).count * stride).roundedUp(toMultipleOf: 64)
            slot = (units.map { space.range(of: $0).count }.max() ?? 0) * stride
            // One rank owns everything: units are lent from the shard itself and no slot is filled.
            slotCount = ranks == 1 ? 0 : 2
        }
    }

    /// Starts the gather of a unit, unless it is under way or done already.
    package func prefetch(_ unit: UnitID) {
        let plan = plan(unit)
        guard communicator.size > 1, !plan.elements.isEmpty, slot(of: unit) == nil else { return }
        guard let free = slots.first(where: { $0.isFree }) else { return }
        let owned = plan.elements.clamped(to: shard)
        let send = UnsafeMutableBufferPointer(
            rebasing: values[owned.lowerBound - shard.lowerBound..<owned.upperBound - shard.lowerBound])
        free.fill(
            unit,
            communicator.startAllGather(
                send: UnsafeRawBufferPointer(send), receive: free.bytes(elements: plan.elements.count),
                counts: plan.byteCounts, displacements: plan.byteDisplacements))
    }

    /// Lends all parameters of a unit until `release`; gathers them now if nobody has begun.
    package func acquire(_ unit: UnitID) throws -> UnsafeMutableBufferPointer<Float> {
        let elements = plan(unit).elements
        guard !elements.isEmpty else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        if communicator.size == 1 { return UnsafeMutableBufferPointer(rebasing: values[elements]) }
        prefetch(unit)
        guard let slot = slot(of: unit) else { preconditionFailure("both slots are taken when \(unit) is acquired") }
        return try slot.acquire(count: elements.count)
    }

    package func release(_ unit: UnitID) {
        guard communicator.size > 1, !plan(unit).elements.isEmpty else { return }
        guard let slot = slot(of: unit) else { preconditionFailure("\(unit) is released without having been acquired") }
        slot.release()
    }

    /// The runs of the shard whose elements all decay, or all do not.
    package var decayRuns: [(elements: Range<Int>, decays: Bool)] {
        var runs: [(elements: Range<Int>, decays: Bool)] = []
        for (number, tensor) in space.tensors.enumerated() {
            let whole = space.offsets[number]..<space.offsets[number] + tensor.elementCount
            let part = whole.clamped(to: shard)
            guard !part.isEmpty else { continue }
            let elements = part.lowerBound - shard.lowerBound..<part.upperBound - shard.lowerBound
            if let last = runs.last, last.decays == tensor.decays {
                runs[runs.count - 1].elements = last.elements.lowerBound..<elements.upperBound
            } else {
                runs.append((elements, tensor.decays))
            }
        }
        return runs
    }

    private func plan(_ unit: UnitID) -> GatherPlan {
        guard let plan = plans[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return plan
    }

    private func slot(of unit: UnitID) -> UnitSlot? { slots.first { $0.unit == unit } }
}

/// Which rank gives which part of a unit.
private struct GatherPlan {
    let elements: Range<Int>
    let byteCounts: [Int]
    let byteDisplacements: [Int]

    init(space: LogicalSpace, unit: UnitID, ranks: Int) {
        let elements = space.range(of: unit)
        let parts = (0..<ranks).map { elements.clamped(to: space.shard($0, of: ranks)) }
        self.elements = elements
        byteCounts = parts.map { $0.count * MemoryLayout<Float>.stride }
        byteDisplacements = parts.map {
            $0.isEmpty ? 0 : ($0.lowerBound - elements.lowerBound) * MemoryLayout<Float>.stride
        }
    }
}
