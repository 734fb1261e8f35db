import Events
import Execution
import Foundation
import JobFiles
import Testing
import Training

@Suite("The same job gives the same bits")
struct SameBitsTests {
    /// Micro-batches of uneven number over ranks, dropout, packing and evaluation: all that could depend on ranks.
    private static let settings = [
        "lora_dropout=0.1", "global_batch_size=5", "sample_packing=true", "sequence_len=40", "shuffle=true",
        "val_set_size=5", "eval_steps=3", "max_steps=7",
    ]

    @Test(
        "On any number of ranks and threads, checkpointed or not",
        arguments: [
            (1, ["threads=2"]), (2, []), (3, ["gradient_checkpointing=true"]), (4, ["threads=3"]),
            (1, ["gradient_checkpointing=true"]), (2, ["distributed.zero_stage=0"]),
            (3, ["distributed.zero_stage=1"]), (4, ["distributed.zero_stage=2"]), (3, ["distributed.zero_stage=0"]),
            (2, ["distributed.zero_stage=1", "distributed.ranks_per_node=1", "distributed.nodes_per_copy=all"]),
            (4, ["distributed.zero_stage=2", "distributed.ranks_per_node=2", "distributed.nodes_per_copy=all"]),
        ])
    func ranks(ranks: Int, extra: [String]) throws {
        let tiny = try TinyJob()
        let one = try tiny.train(tiny.job(Self.settings + ["gradient_checkpointing=false"], output: "one"))
        let many = try tiny.train(tiny.job(Self.settings + extra, output: "many"), ranks: ranks)
        #expect(one.lines.count == 7)
        #expect(one.evaluations.count >= 3)
        #expect(one.lines == many.lines)
        #expect(one.evaluations.map(\.loss.bitPattern) == many.evaluations.map(\.loss.bitPattern))
        #expect(try tiny.adapterBytes(output: "one") == tiny.adapterBytes(output: "many"))
    }

    @Test("After an interruption, resumed on another number of ranks", arguments: [(1, 3), (2, 1), (3, 2), (4, 4)])
    func resume(before: Int, after: Int) throws {
        let tiny = try TinyJob()
        let settings = Self.settings + ["save_steps=2"]
        let whole = try tiny.train(tiny.job(settings, output: "whole"))
        #expect(throws: (any Error).self) {
            try tiny.train(tiny.job(settings, output: "cut"), ranks: before, stopAfter: 6)
        }
        let rest = try tiny.train(tiny.job(settings, output: "cut"), ranks: after)
        #expect(rest.lines.first?.step == 5)
        #expect(rest.lines == whole.lines.suffix(3))
        #expect(try tiny.adapterBytes(output: "whole") == tiny.adapterBytes(output: "cut"))
    }

    @Test(
        "After an interruption, resumed at another ZeRO stage",
        arguments: [(0, 3), (3, 0), (1, 2), (2, 1), (0, 2), (2, 0)])
    func stages(before: Int, after: Int) throws {
        let tiny = try TinyJob()
        let settings = Self.settings + ["save_steps=2"]
        func job(_ stage: Int, _ output: String) throws -> Job {
            try tiny.job(settings + ["distributed.zero_stage=\(stage)"], output: output)
        }
        let whole = try tiny.train(job(3, "whole"))
        #expect(throws: (any Error).self) { try tiny.train(job(before, "cut"), ranks: 3, stopAfter: 6) }
        let rest = try tiny.train(job(after, "cut"), ranks: 2)
        #expect(rest.lines == whole.lines.suffix(3))
        #expect(try tiny.adapterBytes(output: "whole") == tiny.adapterBytes(output: "cut"))
    }

    @Test("A finished job that is started again does nothing and still has its adapter")
    func again() throws {
        let tiny = try TinyJob()
        let job = try tiny.job(["max_steps=2"])
        try tiny.train(job)
        let first = try tiny.adapterBytes()
        #expect(try tiny.train(job, ranks: 2).lines.isEmpty)
        #expect(try tiny.adapterBytes() == first)
    }
}
