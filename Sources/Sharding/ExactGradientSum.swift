package import Architectures
import Buffers
package import Collectives

/// The gradients of a step, added over micro-batches and ranks as integers.
///
/// Values are fixed point with an LSB of 2⁻⁵². Integer sums have no order, so that a plain integer reduce-scatter gives
/// the same bits for any number of ranks, ZeRO stage, groups and hosts.
///
/// Up to stage 1 every rank has a sum for each element, and ranks are added at the end of the step. From stage 2 on it
/// has the sums of its shard alone, and ranks are added as soon as one has the gradients of a unit. Either way they go
/// through two buckets that take turns: one part is under way while the next is made.
package final class ExactGradientSum {
    package let space: LogicalSpace
    /// The elements whose sums over ranks this rank gets.
    package let share: LogicalShard

    private let communicator: any Communicator
    private let shards: [LogicalShard]
    private let storage: AlignedStorage
    /// Of all elements, or from stage 2 on of this rank's shard.
    private let held: UnsafeMutableBufferPointer<Int64>
    private let isSharded: Bool
    /// Whether ranks get the sums of their own shards alone.
    private let isDivided: Bool
    private let buckets: [GradientBucket]
    private var turn = 0

    package init(
        space: LogicalSpace, communicator: any Communicator, stage: ZeROStage = .parameters
    ) throws {
        self.space = space
        self.communicator = communicator
        let (rank, ranks) = (communicator.rank, communicator.size)
        shards = (0..<ranks).map { space.shard($0, of: ranks) }
        share = stage == .nothing ? space.whole : shards[rank]
        isDivided = stage >= .optimizer
        isSharded = ranks > 1 && stage >= .gradients
        let count = isSharded ? shards[rank].elementCount : space.elementCount
        storage = try AlignedStorage(byteCount: count * MemoryLayout<Int64>.stride)
        held = storage.elements(count: count)
        buckets = try (0..<Self.bucketCount(ranks)).map { _ in try GradientBucket(ranks: ranks) }
    }

    /// Bytes that one of `ranks` ranks holds.
    package static func byteCount(space: LogicalSpace, rank: Int, ranks: Int, stage: ZeROStage) -> Int {
        let count =
            ranks > 1 && stage >= .gradients ? space.shard(rank, of: ranks).elementCount : space.elementCount
        return count * MemoryLayout<Int64>.stride + bucketCount(ranks) * GradientBucket.byteCount(ranks: ranks)
    }

    private static func bucketCount(_ ranks: Int) -> Int { ranks > 1 ? 2 : 0 }

    /// The largest magnitude that one of so many addends may have so that no sum can leave ±2,048.
    ///
    /// - Parameter addends: those of the step's micro-batches on all ranks together, so that the guard trips alike on
    ///   any number of ranks.
    package static func limit(addends: Int) -> Float { 2048 / Float(max(1, addends)) * 0.999 }

    package func reset() {
        for bucket in buckets { bucket.discard() }
        held.update(repeating: 0)
    }

    /// Adds the gradients that this rank has for a unit. From stage 2 on all ranks call it, in the same order; one that
    /// has none calls `join`.
    /// - Parameter add: adds those of some of the unit's elements, numbered from its first.
    package func add(
        _ unit: UnitID, _ add: (Range<Int>, UnsafeMutableBufferPointer<Int64>) -> Void
    ) throws {
        let whole = space.range(of: unit)
        guard !whole.isEmpty else { return }
        guard isSharded else {
            return add(0..<whole.count, UnsafeMutableBufferPointer(rebasing: held[whole]))
        }
        try send(unit) { add($0.lowerBound - whole.lowerBound..<$0.upperBound - whole.lowerBound, $1) }
    }

    /// Adds nothing to a unit, where another rank may add something.
    package func join(_ unit: UnitID) throws {
        if isSharded { try send(unit) { _, _ in } }
    }

    private func send(_ unit: UnitID, fill: (Range<Int>, UnsafeMutableBufferPointer<Int64>) -> Void) throws {
        let own = shards[communicator.rank].run(of: unit)
        for parts in Self.parts(of: unit, shards: shards) {
            let bucket = buckets[turn]
            turn = 1 - turn
            try bucket.empty(into: held, adding: isSharded)
            bucket.send(
                parts, places: places(parts[communicator.rank], of: own), over: communicator, fill: fill)
        }
    }

    /// Where the sums of some elements of a run lie.
    private func places(_ elements: Range<Int>, of run: LogicalShard.Run?) -> Range<Int> {
        guard isSharded, let run, !elements.isEmpty else { return elements }
        let start = run.places.lowerBound + elements.lowerBound - run.elements.lowerBound
        return start..<start + elements.count
    }

    /// The parts in which the gradients of a unit go to the ranks that own them: in each a range of elements for every
    /// rank.
    /// - Parameter shards: of all ranks.
    package static func parts(of unit: UnitID, shards: [LogicalShard]) -> [[Range<Int>]] {
        let runs = shards.map { $0.run(of: unit)?.elements ?? 0..<0 }
        let step = GradientBucket.share(shards.count)
        return stride(from: 0, to: runs.reduce(0) { max($0, $1.count) }, by: step).map { start in
            runs.map { run in
                guard start < run.count else { return 0..<0 }
                return run.lowerBound + start..<min(run.lowerBound + start + step, run.upperBound)
            }
        }
    }

    /// Adds the sums of all ranks; all ranks call it.
    package func reduce() throws {
        guard communicator.size > 1 else { return }
        if !isSharded {
            for unit in space.units {
                try send(unit) { _ = $1.update(fromContentsOf: held[$0]) }
            }
        }
        for bucket in buckets { try bucket.empty(into: held, adding: isSharded) }
        if !isDivided { try gather() }
    }

    /// Every rank gets the sums that the others have.
    private func gather() throws {
        for unit in space.units {
            let whole = space.range(of: unit)
            let plan = GatherPlan(
                whole, parts: shards.map { $0.run(of: unit)?.elements ?? 0..<0 }, stride: MemoryLayout<Int64>.stride)
            let own = shards[communicator.rank].run(of: unit)?.elements ?? whole.lowerBound..<whole.lowerBound
            try communicator.startAllGather(
                send: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: held[own])),
                receive: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: held[whole])),
                counts: plan.byteCounts, displacements: plan.byteDisplacements
            ).wait()
        }
    }

    /// The sums of some elements of `share`; over all ranks after `reduce()`.
    package func sums(of run: LogicalShard.Run) -> UnsafeBufferPointer<Int64> {
        UnsafeBufferPointer(rebasing: held[isSharded ? run.places : run.elements])
    }

    /// The sums of all elements, where one rank has them all.
    package var all: UnsafeBufferPointer<Int64> {
        precondition(communicator.size == 1)
        return UnsafeBufferPointer(held)
    }
}
