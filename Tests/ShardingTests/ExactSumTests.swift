import Architectures
import Buffers
import Collectives
import Sharding
import Testing

@Suite("Sums over ranks have no order")
struct ExactSumTests {
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [9000], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [4097], unit: .block(1), decays: true),
    ])

    @Test("Gradients of ten micro-batches give the same integers on any number of ranks", arguments: 1...5)
    func gradients(ranks: Int) throws {
        let random = CounterRNG(seed: 3, purpose: .benchmark)
        let count = Self.space.elementCount
        let shards = try InProcessWorld.run(size: ranks) { communicator in
            let sums = try ExactGradientSum(space: Self.space, communicator: communicator)
            for microBatch in stride(from: communicator.rank, to: 10, by: ranks) {
                for index in 0..<count { sums.sums[index] &+= Int64(random[microBatch * count + index]) << 20 }
            }
            return Array(try sums.reduceScatter())
        }
        let expected = (0..<count).map { index in
            (0..<10).reduce(Int64(0)) { $0 &+ Int64(random[$1 * count + index]) << 20 }
        }
        #expect(shards.flatMap { $0 } == expected)
    }

    @Test("Block sums give the same bits on any number of ranks", arguments: 1...5)
    func blocks(ranks: Int) throws {
        let totals = try InProcessWorld.run(size: ranks) { communicator in
            let sums = try BlockSums(space: Self.space, communicator: communicator)
            let shard = Self.space.shard(communicator.rank, of: ranks)
            for index in sums.ownedBlocks.indices {
                sums.ownedBlocks[index] = 1 / Double(shard.lowerBound / LogicalSpace.blockSize + index + 3)
            }
            return try sums.total()
        }
        let expected = (0..<Self.space.blockCount).reduce(0.0) { $0 + 1 / Double($1 + 3) }
        #expect(totals.allSatisfy { $0.bitPattern == expected.bitPattern })
    }

    @Test("As many addends as there are micro-batches cannot leave the range", arguments: [1, 2, 3, 64, 100_000])
    func limit(microBatches: Int) {
        let largest = Double(ExactGradientSum.limit(addends: microBatches)) * 0x1p52
        #expect(largest * Double(microBatches) < 0x1p63)
    }
}
