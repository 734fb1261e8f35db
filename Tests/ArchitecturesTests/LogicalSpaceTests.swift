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
        "shards cover all elements once, cut at whole blocks of a unit, and differ by one block a unit at most",
        arguments: [[], [1], [4096], [4097], [100, 0, 9000], [4096 * 7 + 5, 3, 5000]], [1, 2, 3, 7, 64])
    func shards(counts: [Int], shardCount: Int) {
        let space = space(counts)
        let shards = (0..<shardCount).map { space.shard($0, of: shardCount) }
        for unit in space.units {
            let whole = space.range(of: unit)
            var next = whole.lowerBound
            for run in shards.compactMap({ $0.run(of: unit) }) {
                #expect(run.elements.lowerBound == next && !run.elements.isEmpty)
                #expect((run.elements.lowerBound - whole.lowerBound) % LogicalSpace.blockSize == 0)
                #expect(run.places.count == run.elements.count)
                next = run.elements.upperBound
            }
            #expect(next == whole.upperBound)
            let blocks = shards.map { $0.run(of: unit)?.blocks.count ?? 0 }
            #expect((blocks.max() ?? 0) - (blocks.min() ?? 0) <= 1)
        }
        for shard in shards {
            #expect(shard.runs.flatMap(\.places) == Array(0..<shard.elementCount))
            #expect(shard.runs.flatMap(\.blocks) == Array(0..<shard.blockCount))
        }
        #expect(shards.reduce(0) { $0 + $1.blockCount } == space.blockCount)
        #expect(space.whole.runs.allSatisfy { $0.places == $0.elements })
        #expect(space.whole.elementCount == space.elementCount)
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
