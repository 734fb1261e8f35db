import Events
import Foundation
import Testing
import Training

@Suite("A base that is spread over nodes")
struct SpreadBaseTests {
    private static let settings = ["max_steps=3", "global_batch_size=5", "val_set_size=5", "eval_steps=2"]

    @Test(
        "However many units are gathered ahead, the bits are those of one rank", arguments: 0...3,
        [(2, 1), (4, 2)])
    func depths(depth: Int, world: (ranks: Int, ranksPerNode: Int)) throws {
        let tiny = try TinyJob()
        let one = try tiny.train(tiny.job(Self.settings, output: "one"))
        let job = try tiny.job(
            Self.settings + ["distributed.nodes_per_copy=all", "distributed.prefetch_depth=\(depth)"], output: "spread")
        let spread = try tiny.train(job, ranks: world.ranks, ranksPerNode: world.ranksPerNode)
        #expect(one.lines.count == 3)
        #expect(one.lines == spread.lines)
        #expect(one.evaluations.map(\.loss.bitPattern) == spread.evaluations.map(\.loss.bitPattern))
        #expect(try tiny.adapterBytes(output: "one") == tiny.adapterBytes(output: "spread"))
    }
}
