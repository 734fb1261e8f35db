package import Architectures
import Buffers
package import Collectives

/// The gradients of a step, added over micro-batches and ranks as integers.
///
/// Values are fixed point with an LSB of 2⁻⁵². Integer sums have no order, so that a plain integer reduce-scatter gives
/// the same bits for any number of ranks, groups and hosts.
package final class ExactGradientSum {
    package let space: LogicalSpace
    /// All elements of the logical space.
    package let sums: UnsafeMutableBufferPointer<Int64>

    private let communicator: any Communicator
    private let storage: AlignedStorage
    private let reduced: AlignedStorage?
    private let shardCounts: [Int]

    package init(space: LogicalSpace, communicator: any Communicator) throws {
        self.space = space
        self.communicator = communicator
        let size = Self.size(space: space, rank: communicator.rank, ranks: communicator.size)
        storage = try AlignedStorage(byteCount: size.own)
        sums = storage.elements(count: space.elementCount)
        shardCounts = (0..<communicator.size).map { space.shard($0, of: communicator.size).count }
        reduced = try size.reduced.map { try AlignedStorage(byteCount: $0) }
    }

    /// Bytes that one of `ranks` ranks holds.
    package static func byteCount(space: LogicalSpace, rank: Int, ranks: Int) -> Int {
        let size = size(space: space, rank: rank, ranks: ranks)
        return size.own + (size.reduced ?? 0)
    }

    /// Bytes of the sums of all elements, and of those of the shard over all ranks where there are others.
    private static func size(space: LogicalSpace, rank: Int, ranks: Int) -> (own: Int, reduced: Int?) {
        let stride = MemoryLayout<Int64>.stride
        return (space.elementCount * stride, ranks == 1 ? nil : space.shard(rank, of: ranks).count * stride)
    }

    /// The largest magnitude that one of so many addends may have so that no sum can leave ±2,048.
    ///
    /// - Parameter addends: those of the step's micro-batches on all ranks together, so that the guard trips alike on
    ///   any number of ranks.
    package static func limit(addends: Int) -> Float { 2048 / Float(max(1, addends)) * 0.999 }

    package func reset() { sums.update(repeating: 0) }

    /// The addends of one unit go here.
    package func sums(of unit: UnitID) -> UnsafeMutableBufferPointer<Int64> {
        UnsafeMutableBufferPointer(rebasing: sums[space.range(of: unit)])
    }

    /// Adds the sums of all ranks and returns this rank's shard of the result. All ranks call it.
    package func reduceScatter() throws -> UnsafeBufferPointer<Int64> {
        guard let reduced else { return UnsafeBufferPointer(sums) }
        let shard = reduced.elements(of: Int64.self, count: shardCounts[communicator.rank])
        try communicator.startReduceScatter(send: UnsafeBufferPointer(sums), receive: shard, counts: shardCounts).wait()
        return UnsafeBufferPointer(shard)
    }
}
