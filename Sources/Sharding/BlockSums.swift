package import Architectures
import Buffers
package import Collectives

/// One partial sum for each block of 4,096 elements of the logical space, added over blocks in order on every rank: a
/// reduction with the same bits on any number of ranks.
package final class BlockSums {
    private let communicator: any Communicator
    private let storage: AlignedStorage
    /// The blocks of rank after rank.
    private let blocks: UnsafeMutableBufferPointer<Double>
    private let owned: Range<Int>
    private let byteCounts: [Int]
    private let byteDisplacements: [Int]
    /// The blocks in the order of the logical space, where they lie.
    private let order: [Range<Int>]

    /// - Parameter sharded: whether each rank knows the sums of its own shard alone.
    package init(space: LogicalSpace, sharded: Bool, communicator: any Communicator) throws {
        self.communicator = communicator
        let stride = MemoryLayout<Double>.stride
        storage = try AlignedStorage(byteCount: Self.byteCount(space: space))
        blocks = storage.elements(count: space.blockCount)
        let shards = sharded ? (0..<communicator.size).map { space.shard($0, of: communicator.size) } : [space.whole]
        var shares: [Range<Int>] = []
        for shard in shards {
            let first = shares.last?.upperBound ?? 0
            shares.append(first..<first + shard.blockCount)
        }
        owned = shares[sharded ? communicator.rank : 0]
        byteCounts = shares.map { $0.count * stride }
        byteDisplacements = shares.map { $0.isEmpty ? 0 : $0.lowerBound * stride }
        order = space.units.flatMap { unit in
            zip(shards, shares).compactMap { shard, share in
                shard.run(of: unit).map {
                    share.lowerBound + $0.blocks.lowerBound..<share.lowerBound + $0.blocks.upperBound
                }
            }
        }
    }

    /// Bytes that each rank holds.
    package static func byteCount(space: LogicalSpace) -> Int { space.blockCount * MemoryLayout<Double>.stride }

    /// Where this rank writes the sums of its own blocks.
    package var ownedBlocks: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: blocks[owned])
    }

    /// The sum over all blocks of all ranks. All ranks call it.
    package func total() throws -> Double {
        if byteCounts.count > 1 {
            try communicator.startAllGather(
                send: UnsafeRawBufferPointer(ownedBlocks), receive: UnsafeMutableRawBufferPointer(blocks),
                counts: byteCounts, displacements: byteDisplacements
            ).wait()
        }
        return order.reduce(0) { sum, range in blocks[range].reduce(sum, +) }
    }
}
