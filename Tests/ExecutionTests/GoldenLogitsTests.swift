import Architectures
import Corpus
import Execution
import Foundation
import Kernels
import Testing

@Suite("Logits and losses of further golden cases")
struct GoldenLogitsTests {
    @Test("Logits under a mask, where tokens are")
    func masked() throws {
        let rows = try Golden.rows("input_ids", length: 18)
        let lengths = try Golden.rows("attention_mask", length: 18).map { $0.count { $0 == 1 } }
        let vocabulary = 512
        let expected = try Golden.values("base.logits_masked")
        let unpadded = lengths.enumerated().flatMap { row, length in
            Array(expected[row * 18 * vocabulary..<(row * 18 + length) * vocabulary])
        }
        let logits = try Bench().logits(zip(rows, lengths).map { Array($0[..<$1]) })
        #expect(lengths.contains { $0 < 18 })
        expectClose(logits, unpadded, "base.logits_masked")
    }

    @Test("Logits of an adapter with a rank-stabilised scale")
    func rankStabilized() throws {
        let adapter = try Golden.rankStabilizedAdapter()
        defer { try? FileManager.default.removeItem(atPath: adapter) }
        let bench = try Bench(adapter: adapter)
        expectClose(
            try bench.logits(Golden.rows("input_ids", length: 18)), try Golden.values("rslora.logits"), "rslora")
    }

    /// The shipped model on its 60 validation rows, 8,702 targets; transformers 5.23.0 and bitsandbytes 0.50.2, fp32.
    /// Its intermediate size of 172 is no multiple of NF4's 64.
    @Test(
        "Losses of the shipped tiny model",
        arguments: [
            (LoadedModel.Storage.fp32, 7.211153461193766, Compute.fp32, 1e-4), (.nf4, 7.223631035117552, .fp32, 1e-4),
            (.fp32, 7.211153461193766, .bf16, 1e-3), (.nf4, 7.223631035117552, .bf16, 1e-3),
        ])
    func shippedModel(
        storage: LoadedModel.Storage, expected: Double, compute: Compute, tolerance: Double
    ) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Jobs/tiny"
        let context = try KernelContext(threads: 2)
        let model = try LoadedModel(path: path, adapterPath: nil, storage: storage, context: context)
        let loader = CorpusLoader(
            encoder: model.tokenizer, sequenceLength: 256, vocabularySize: model.architecture.vocabularySize,
            trainsOnInputs: true, endOfText: nil)
        let set = try loader.load([CorpusSource(path: path + "/validation.jsonl")]).examples
        let runner = try model.runner(
            tokens: 1024, longestSequence: 256, training: false, context: context, compute: compute)
        let room = try BatchRoom(tokenCapacity: 1024)
        var loss = ExactLoss()
        for batch in MicroBatch.inOrder(Array(0..<set.count), of: set, microBatchSize: 4) {
            loss += try runner.evaluateMicroBatch(room.batch(batch, of: set))
        }
        #expect(loss.tokens == 8702)
        #expect(abs(loss.mean / expected - 1) < tolerance)
    }
}
