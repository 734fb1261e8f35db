package import Architectures
import Buffers
package import Collectives

/// One partial sum for each block of 4,096 elements of the logical space, added over blocks in order on every rank: a
/// reduction with the same bits on any number of ranks.
package final class BlockSums {
    private let communicator: any Communicator
    private let storage: AlignedStorage
    private let blocks: UnsafeMutableBufferPointer<Double>
    private let owned: Range<Int>
    private let byteCounts: [Int]
    private let byteDisplacements: [Int]

    package init(space: LogicalSpace, communicator: any Communicator) throws {
        self.communicator = communicator
        let stride = MemoryLayout<Double>.stride
        storage = try AlignedStorage(byteCount: Self.byteCount(space: space))
        blocks = storage.elements(count: space.blockCount)
        let shares = (0..<communicator.size).map { rank in
            let shard = space.shard(rank, of: communicator.size)
            let first = shard.lowerBound.dividedRoundingUp(by: LogicalSpace.blockSize)
            return first..<first + shard.count.dividedRoundingUp(by: LogicalSpace.blockSize)
        }
        owned = shares[communicator.rank]
        byteCounts = shares.map { $0.count * stride }
        byteDisplacements = shares.map { $0.isEmpty ? 0 : $0.lowerBound * stride }
    }

    /// Bytes that each rank holds.
    package static func byteCount(space: LogicalSpace) -> Int { space.blockCount * MemoryLayout<Double>.stride }

    /// Where this rank writes the sums of its own blocks.
    package var ownedBlocks: UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: blocks[owned])
    }

    /// The sum over all blocks of all ranks. All ranks call it.
    package func total() throws -> Double {
        if communicator.size > 1 {
            try communicator.startAllGather(
                send: UnsafeRawBufferPointer(ownedBlocks), receive: UnsafeMutableRawBufferPointer(blocks),
                counts: byteCounts, displacements: byteDisplacements
            ).wait()
        }
        return blocks.reduce(0, +)
    }
}
