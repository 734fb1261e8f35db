import Architectures
import Testing

@Suite("Logical space")
struct LogicalSpaceTests {
    private func space(_ counts: [Int]) -> LogicalSpace {
        LogicalSpace(
            counts.enumerated().map {
                LogicalTensor(name: "t\($0)", shape: [$1], unit: .block($0 / 2), decays: true)
            })
    }

    @Test(
        "shards cover all elements once, cut at whole blocks, and differ by one block at most",
        arguments: [[], [1], [4096], [4097], [100, 0, 9000], [4096 * 7 + 5, 3]], [1, 2, 3, 7, 64])
    func shards(counts: [Int], shardCount: Int) {
        let space = space(counts)
        var next = 0
        var blockCounts: [Int] = []
        for index in 0..<shardCount {
            let shard = space.shard(index, of: shardCount)
            #expect(shard.lowerBound == next)
            #expect(shard.lowerBound % LogicalSpace.blockSize == 0 || shard.lowerBound == space.elementCount)
            blockCounts.append((shard.count + LogicalSpace.blockSize - 1) / LogicalSpace.blockSize)
            next = shard.upperBound
        }
        #expect(next == space.elementCount)
        #expect((blockCounts.max() ?? 0) - (blockCounts.min() ?? 0) <= 1)
    }

    @Test("the parts of tensors in a run add up to the run")
    func ranges() {
        let space = space([10, 0, 20, 5000])
        #expect(
            space.ranges(in: 5..<40) == [
                LogicalRange(tensor: "t0", start: 5, count: 5), LogicalRange(tensor: "t2", start: 0, count: 20),
                LogicalRange(tensor: "t3", start: 0, count: 10),
            ])
        for run in [0..<0, 0..<5030, 29..<31, 4096..<5030] {
            #expect(space.ranges(in: run).reduce(0) { $0 + $1.count } == run.count)
        }
    }

    @Test("the tensors of a unit are one run")
    func unitRanges() {
        let space = space([10, 4, 20, 6, 7])
        #expect(space.range(of: .block(0)) == 0..<14)
        #expect(space.range(of: .block(1)) == 14..<40)
        #expect(space.range(of: .block(2)) == 40..<47)
        #expect(space.range(of: .head).isEmpty)
    }
}
