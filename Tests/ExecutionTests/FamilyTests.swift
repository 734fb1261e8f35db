import Architectures
import Buffers
import Checkpoints
import Execution
import Foundation
import Kernels
import ModelFiles
import Quantization
import Testing

@Suite("Mistral and Qwen2 equal transformers and PEFT")
struct FamilyTests {
    /// Models of make_families.py: Mistral with a window of 7 in rows of 24, Qwen2 with its own head and with a tied one.
    static let models = ["mistral", "qwen2", "qwen2_tied"]

    @Test("what sets the family apart is read from its config.json")
    func architectures() throws {
        let mistral = try ModelConfiguration(directory: GoldenModel("mistral").model).architecture
        #expect(mistral.attentionWindow == 7 && mistral.headSize * mistral.headCount != mistral.hiddenSize)
        #expect(mistral.keyValueHeadCount == 2 && mistral.biasedLinears.isEmpty)
        for model in ["qwen2", "qwen2_tied"] {
            let qwen = try ModelConfiguration(directory: GoldenModel(model).model).architecture
            #expect(qwen.attentionWindow == nil && qwen.biasedLinears == [.query, .key, .value])
            #expect(qwen.tiesEmbeddings == (model == "qwen2_tied"))
        }
    }

    @Test("logits of the base, and with an adapter", arguments: models)
    func logits(model: String) throws {
        let golden = GoldenModel(model)
        let rows = try golden.rows("input_ids")
        expectClose(try Bench(golden.model).logits(rows), try golden.values("base.logits"), "base.logits")
        expectClose(
            try Bench(golden.model, adapter: golden.adapter).logits(rows), try golden.values("lora.logits"),
            "lora.logits")
    }

    @Test("gradients of A and B", arguments: models)
    func gradients(model: String) throws {
        let golden = GoldenModel(model)
        let bench = try Bench(golden.model, adapter: golden.adapter, training: true)
        let gradients = try bench.gradients(examples(golden.rows("input_ids")))
        #expect(gradients.count == 28)
        for (name, values) in gradients {
            let reference = try golden.values(name, in: "lora_grads")
            #expect(reference.contains { $0 != 0 })
            expectClose(values, reference, "\(model) \(name)")
        }
    }

    @Test("a store, and what is exported from it to bitsandbytes, give the directory's bits", arguments: models)
    func stores(model: String) throws {
        let golden = GoldenModel(model)
        let room = NSTemporaryDirectory() + "swiftlet-family-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: room, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: room) }
        let path = room + "/a.base.h5"
        try BaseStoreBuilder.build(
            BaseEncoding(try ModelDirectory(path: golden.model), linearFormat: .nf4()), to: path,
            context: KernelContext(threads: 1))
        let store = try BaseStore(path: path)
        try BitsandbytesExport(
            configuration: store.configuration(), architecture: store.architecture, weight: { store.weight($0) }
        ).write(to: room + "/bitsandbytes", files: store.companions)
        let rows = try golden.rows("input_ids")
        let expected = try Bench(golden.model, storage: .nf4).logits(rows)
        #expect(try Bench(path, storage: nil).logits(rows) == expected)
        #expect(try Bench(room + "/bitsandbytes", storage: nil).logits(rows) == expected)
    }

    @Test("a merged model has the biases of its base, and the logits of base and adapter", arguments: models)
    func merged(model: String) throws {
        let golden = GoldenModel(model)
        let out = NSTemporaryDirectory() + "swiftlet-merged-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: out) }
        let context = try KernelContext(threads: 1)
        let source = try ModelDirectory(path: golden.model)
        let adapter = try PEFTAdapter(path: golden.adapter, architecture: source.architecture)
        try AdapterMerge(
            DecodedBase(BaseEncoding(source, linearFormat: nil), context: context), adapter: adapter.description,
            context: context, adapterValues: adapter.values(of:)
        ).write(to: out, type: .float32, record: ExportRecord())
        let merged = try ModelDirectory(path: out)
        #expect(merged.architecture == source.architecture)
        for tensor in source.architecture.tensors where tensor.role.linear == nil {
            #expect(try merged.tensor(named: tensor.name).floats == source.tensor(named: tensor.name).floats)
        }
        expectClose(
            try Bench(out).logits(golden.rows("input_ids")), try golden.values("lora.logits"), "merged logits")
    }
}
