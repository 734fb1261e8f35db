import Architectures
import Buffers
import Corpus
import Execution
import Kernels
import ModelFiles
import Testing

@Suite("Forward passes equal transformers, PEFT and bitsandbytes")
struct ForwardTests {
    private func inputs() throws -> [[Int32]] { try Golden.rows("input_ids", length: 18) }

    @Test("Logits of the base")
    func baseLogits() throws {
        expectClose(try Bench().logits(inputs()), try Golden.values("base.logits"), "base.logits")
    }

    @Test("Logits of the base with an adapter")
    func adapterLogits() throws {
        let bench = try Bench(adapter: Golden.adapter)
        expectClose(try bench.logits(inputs()), try Golden.values("lora.logits"), "lora.logits")
    }

    @Test("Logits of the NF4 base with an adapter")
    func quantizedLogits() throws {
        let bench = try Bench(adapter: Golden.adapter, storage: .nf4)
        expectClose(try bench.logits(inputs()), try Golden.values("nf4.logits"), "nf4.logits")
    }

    @Test("An adapter that was trained and exported here gives the logits that PEFT gives with it")
    func exportedAdapter() throws {
        let directory = Golden.directory + "/../peft"
        let golden = try SafetensorsFile(path: directory + "/logits.safetensors")
        let ids = try #require(golden.tensor(named: "input_ids")).withBytes { Array($0.bindMemory(to: Int32.self)) }
        let expected = try #require(golden.tensor(named: "logits")).floats
        let rows = [Array(ids[..<18]), Array(ids[18...])]
        expectClose(try Bench(adapter: directory).logits(rows), expected, "PEFT's logits")
    }

    @Test("Hidden states after the embedding, the first layer, and the final norm", arguments: 0...2)
    func hiddenStates(index: Int) throws {
        let bench = try Bench(training: true)
        let set = examples(try inputs())
        let batch = bench.room.batch(MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0], of: set)
        _ = try bench.runner.evaluateMicroBatch(batch)
        let hidden = Array(try bench.runner.hiddenStates(index, of: batch).elements)
        expectClose(hidden, try Golden.values("base.hidden.\(index)"), "base.hidden.\(index)")
    }

    @Test("Losses, also where labels are left out")
    func losses() throws {
        let bench = try Bench()
        let rows = try inputs()
        let meta = try Golden.meta()
        let plain = examples(rows)
        let masked = examples(rows, labels: try Golden.rows("labels", length: 18))
        for (set, expected) in [(plain, meta.loss), (masked, meta.maskedLoss)] {
            let batch = bench.room.batch(MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0], of: set)
            let loss = try bench.runner.evaluateMicroBatch(batch).mean
            #expect(abs(loss - expected) < 1e-5 * expected)
        }
    }

    @Test("Twelve greedy tokens are those of transformers")
    func greedy() throws {
        let expected = try Golden.rows("greedy.ids", length: 20)[0]
        let bench = try Bench()
        var ids = Array(expected[..<8])
        while ids.count < expected.count {
            let last = try bench.logits([ids]).suffix(bench.model.architecture.vocabularySize)
            let best = try #require(last.enumerated().max { $0.element < $1.element })
            ids.append(Int32(best.offset))
        }
        #expect(ids == expected)
    }

    @Test("Sequences that share a micro-batch do not see each other: the same bits as alone")
    func packing() throws {
        let rows = try inputs()
        let bench = try Bench()
        let parts = [Array(rows[0][..<5]), Array(rows[1][..<18]), Array(rows[0][..<2])]
        let together = try bench.logits(parts)
        let alone = try parts.flatMap { try bench.logits([$0]) }
        #expect(together.map(\.bitPattern) == alone.map(\.bitPattern))
    }

    @Test("Both spellings of config.json describe the same architecture")
    func configurations() throws {
        let nested = try ModelConfiguration(path: Golden.model + "/config.json")
        let flat = try ModelConfiguration(path: Golden.model + "/config_v4.json")
        #expect(nested.architecture == flat.architecture)
        #expect(nested.architecture.rotary.theta == 50_000)
    }
}
