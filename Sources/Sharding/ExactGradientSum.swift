package import Architectures
import Buffers
package import Collectives

/// The gradients of a step, added over micro-batches and ranks as integers.
///
/// Values are fixed point with an LSB of 2⁻⁵². Integer sums have no order, so that a plain integer reduce-scatter gives
/// the same bits for any number of ranks, ZeRO stage, groups and hosts.
///
/// Up to stage 1 every rank has a sum for each element, and ranks are added at the end of the step. From stage 2 on it
/// has the sums of its shard alone: a unit's addends go to their owners through two buckets that take turns, so that
/// one part is under way while the next is made.
package final class ExactGradientSum {
    package let space: LogicalSpace
    /// The elements whose sums over ranks this rank gets.
    package let share: LogicalShard

    private let communicator: any Communicator
    private let shards: [LogicalShard]
    private let storage: AlignedStorage
    /// Of all elements, or from stage 2 on of this rank's shard.
    private let held: UnsafeMutableBufferPointer<Int64>
    /// Sums over ranks of this rank's shard, where `held` are those of all elements of this rank.
    private let reduced: AlignedStorage?
    private let buckets: [GradientBucket]
    private var turn = 0

    package init(
        space: LogicalSpace, communicator: any Communicator, stage: ZeROStage = .parameters
    ) throws {
        self.space = space
        self.communicator = communicator
        let size = Size(space: space, rank: communicator.rank, ranks: communicator.size, stage: stage)
        shards = (0..<communicator.size).map { space.shard($0, of: communicator.size) }
        share = stage == .nothing ? space.whole : shards[communicator.rank]
        storage = try AlignedStorage(byteCount: size.held)
        held = storage.elements(count: size.held / MemoryLayout<Int64>.stride)
        reduced = try size.reduced.map { try AlignedStorage(byteCount: $0) }
        buckets = try (0..<size.bucketCount).map { _ in try GradientBucket(ranks: communicator.size) }
    }

    /// Bytes that one of `ranks` ranks holds.
    package static func byteCount(space: LogicalSpace, rank: Int, ranks: Int, stage: ZeROStage) -> Int {
        let size = Size(space: space, rank: rank, ranks: ranks, stage: stage)
        return size.held + (size.reduced ?? 0) + size.bucketCount * GradientBucket.byteCount(ranks: ranks)
    }

    private struct Size {
        let held: Int
        let reduced: Int?
        let bucketCount: Int

        init(space: LogicalSpace, rank: Int, ranks: Int, stage: ZeROStage) {
            let stride = MemoryLayout<Int64>.stride
            let shard = space.shard(rank, of: ranks).elementCount * stride
            let isSharded = ranks > 1 && stage >= .gradients
            held = isSharded ? shard : space.elementCount * stride
            reduced = ranks > 1 && stage == .optimizer ? shard : nil
            bucketCount = isSharded ? 2 : 0
        }
    }

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
        guard !buckets.isEmpty else {
            return add(0..<whole.count, UnsafeMutableBufferPointer(rebasing: held[whole]))
        }
        try send(unit) { add($0.lowerBound - whole.lowerBound..<$0.upperBound - whole.lowerBound, $1) }
    }

    /// Adds nothing to a unit, where another rank may add something.
    package func join(_ unit: UnitID) throws {
        if !buckets.isEmpty { try send(unit) { _, _ in } }
    }

    private func send(_ unit: UnitID, fill: (Range<Int>, UnsafeMutableBufferPointer<Int64>) -> Void) throws {
        let runs = shards.map { $0.run(of: unit) }
        let step = GradientBucket.share(communicator.size)
        for start in stride(from: 0, to: runs.reduce(0) { max($0, $1?.elements.count ?? 0) }, by: step) {
            func part(_ run: Range<Int>?) -> Range<Int> {
                guard let run, start < run.count else { return 0..<0 }
                return run.lowerBound + start..<min(run.lowerBound + start + step, run.upperBound)
            }
            let bucket = buckets[turn]
            turn = 1 - turn
            try bucket.empty(into: held)
            bucket.send(
                runs.map { part($0?.elements) }, places: part(runs[communicator.rank]?.places), over: communicator,
                fill: fill)
        }
    }

    /// Adds the sums of all ranks; all ranks call it.
    /// - Returns: the sums of `share`.
    package func reduce() throws -> UnsafeBufferPointer<Int64> {
        for bucket in buckets { try bucket.empty(into: held) }
        guard communicator.size > 1, buckets.isEmpty else { return UnsafeBufferPointer(held) }
        guard let reduced else {
            try communicator.startAllReduce(held, .sum).wait()
            return UnsafeBufferPointer(held)
        }
        let sums: UnsafeMutableBufferPointer<Int64> = reduced.elements(count: share.elementCount)
        for unit in space.units {
            let runs = shards.map { $0.run(of: unit) }
            try communicator.startReduceScatter(
                send: UnsafeBufferPointer(rebasing: held[space.range(of: unit)]),
                receive: UnsafeMutableBufferPointer(rebasing: sums[runs[communicator.rank]?.places ?? 0..<0]),
                counts: runs.map { $0?.elements.count ?? 0 }
            ).wait()
        }
        return UnsafeBufferPointer(sums)
    }
}
