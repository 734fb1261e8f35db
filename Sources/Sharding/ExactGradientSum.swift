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
        storage = try AlignedStorage(byteCount: space.elementCount * MemoryLayout<Int64>.stride)
        sums = storage.elements(count: space.elementCount)
        shardCounts = (0..<communicator.size).map { space.shard($0, of: communicator.size).count }
        reduced =
            communicator.size == 1
            ? nil : try AlignedStorage(byteCount: shardCounts[communicator.rank] * MemoryLayout<Int64>.stride)
    }

    package var byteCount: Int { storage.byteCount + (reduced?.byteCount ?? 0) }

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
