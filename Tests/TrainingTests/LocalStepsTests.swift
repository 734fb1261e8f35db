import Checkpoints
import Collectives
import Events
import Execution
import Foundation
import JobFiles
import ModelFiles
import Testing
import Training

@Suite("Ranks that take steps on their own")
struct LocalStepsTests {
    private static let settings = [
        "sync_every=3", "lora_dropout=0.1", "global_batch_size=6", "sample_packing=true", "sequence_len=40",
        "shuffle=true", "val_set_size=5", "eval_steps=2", "max_steps=8",
    ]

    @Test(
        "The same number of ranks gives the same bits, however they are spread",
        arguments: [
            ["threads=2"], ["gradient_checkpointing=true"], ["distributed.zero_stage=0"],
            ["distributed.ranks_per_node=1", "distributed.nodes_per_copy=all"],
        ])
    func bits(extra: [String]) throws {
        let tiny = try TinyJob()
        let one = try tiny.train(tiny.job(Self.settings, output: "one"), ranks: 3)
        let other = try tiny.train(tiny.job(Self.settings + extra, output: "other"), ranks: 3)
        #expect(one.lines.count == 8)
        #expect(one.lines == other.lines)
        // Ranks meet after 3, 6 and 8 steps, the first evaluation is before any.
        #expect(one.evaluations.map(\.step) == [0, 3, 6, 8])
        #expect(one.evaluations.map(\.loss.bitPattern) == other.evaluations.map(\.loss.bitPattern))
        #expect(try tiny.adapterBytes(output: "one") == tiny.adapterBytes(output: "other"))
    }

    @Test("It learns as well as steps that all make together do, and gives another result")
    func learns() throws {
        let tiny = try TinyJob()
        let together = try tiny.train(tiny.job(["global_batch_size=4"], output: "together"), ranks: 2)
        let apart = try tiny.train(tiny.job(["global_batch_size=4", "sync_every=5"], output: "apart"), ranks: 2)
        #expect(together.lines != apart.lines)
        #expect(try tiny.adapterBytes(output: "together") != tiny.adapterBytes(output: "apart"))
        let first = try #require(together.steps.first?.loss)
        let (a, b) = (try #require(together.steps.last?.loss), try #require(apart.steps.last?.loss))
        #expect(a < first && b < first)
        #expect(first - b > (first - a) / 2)
    }

    @Test("An interruption between two meetings changes nothing", arguments: [3, 4, 5])
    func resume(saved: Int) throws {
        let tiny = try TinyJob()
        let settings = Self.settings + ["save_steps=\(saved)"]
        let whole = try tiny.train(tiny.job(settings, output: "whole"), ranks: 3)
        #expect(throws: (any Error).self) {
            try tiny.train(tiny.job(settings, output: "cut"), ranks: 3, stopAfter: saved + 1)
        }
        #expect {
            try tiny.train(tiny.job(settings, output: "cut"), ranks: 2)
        } throws: {
            ExitCode.of($0) == 64 && "\($0)".contains("another number of ranks than these 2")
        }
        let rest = try tiny.train(tiny.job(settings, output: "cut"), ranks: 3)
        #expect(rest.lines == whole.lines.suffix(8 - saved))
        #expect(try tiny.adapterBytes(output: "whole") == tiny.adapterBytes(output: "cut"))
    }

    @Test("A checkpoint is exported as the parameters that all share")
    func export() throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(Self.settings), ranks: 2)
        let reader = try #require(try CheckpointReader.latest(in: tiny.directory + "/out/checkpoints").checkpoint)
        try CheckpointExport.peft(reader, to: tiny.directory + "/peft")
        let file = tiny.directory + "/peft/adapter_model.safetensors"
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == tiny.adapterBytes())
    }

    @Test("All parameters are trained so, too")
    func full() throws {
        let tiny = try TinyJob()
        let settings = Self.settings + ["adapter=none", "lora_model_dir=null", "lora_dropout=0"]
        let one = try tiny.train(tiny.job(settings, output: "one"), ranks: 2)
        let other = try tiny.train(tiny.job(settings + ["threads=2"], output: "other"), ranks: 2)
        #expect(one.lines == other.lines && one.lines.count == 8)
    }

    @Test("A rank without a micro-batch is refused")
    func idle() throws {
        let tiny = try TinyJob()
        #expect {
            try tiny.train(tiny.job(["sync_every=2"]), ranks: 3)
        } throws: {
            ExitCode.of($0) == 64 && "\($0)".contains("a step has 2 micro-batches, and each of 3 ranks needs one")
        }
    }
}
