import Architectures
import Buffers
import Checkpoints
import Execution
import Foundation
import Kernels
import ModelFiles
import Quantization
import Testing
import Training

@Suite("Merging what was trained into its base")
struct MergedExportTests {
    private let tiny: TinyJob
    private let context: KernelContext

    init() throws {
        tiny = try TinyJob()
        context = try KernelContext(threads: 2)
    }

    private var out: String { tiny.directory + "/out" }

    private func export(base: String? = nil, type: ScalarType = .bfloat16, to name: String) -> MergedExport {
        MergedExport(to: "\(tiny.directory)/\(name)", basePath: base, type: type, context: context)
    }

    private func checkpoint() throws -> CheckpointReader {
        try #require(try CheckpointReader.latest(in: out + "/checkpoints").checkpoint)
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(tiny.directory)/\(name)/model.safetensors"))
    }

    @Test("each weight is what the base decodes to plus scale · B · A, rounded once", arguments: ["lora", "qlora"])
    func values(kind: String) throws {
        try tiny.train(tiny.job(["adapter=\(kind)", "max_steps=4"]))
        try export(type: .float32, to: "full").write(checkpoint())
        try export(to: "rounded").write(checkpoint())
        let store = try BaseStore(path: out + "/base.base.h5")
        let adapter = try PEFTAdapter(path: out + "/adapter", architecture: store.architecture)
        let matrices = Dictionary(
            uniqueKeysWithValues: try store.architecture.adapterTensors(adapter.description).map {
                ($0.name, try adapter.values(of: $0))
            })
        let full = try ModelDirectory(path: tiny.directory + "/full")
        let rounded = try ModelDirectory(path: tiny.directory + "/rounded")
        for tensor in store.architecture.tensors {
            let values = try full.tensor(named: tensor.name).floats
            #expect(try rounded.tensor(named: tensor.name).floats == values.map { BFloat16($0).float })
            let decoded = ReferenceCodec.decode(store.weight(tensor))
            guard tensor.role.linear != nil else {
                #expect(values == decoded, "\(tensor.name)")
                continue
            }
            let module = "base_model.model.\(tensor.name.dropLast(".weight".count))"
            let a = try #require(matrices["\(module).lora_A.weight"])
            let b = try #require(matrices["\(module).lora_B.weight"])
            let rank = adapter.description.rank
            var worst = 0.0
            for row in 0..<tensor.rows {
                for column in 0..<tensor.columns {
                    let product = (0..<rank).reduce(0.0) {
                        $0 + Double(b[row * rank + $1]) * Double(a[$1 * tensor.columns + column])
                    }
                    let index = row * tensor.columns + column
                    let expected = Double(decoded[index]) + Double(adapter.description.scale) * product
                    worst = max(worst, abs(Double(values[index]) - expected))
                }
            }
            let largest = values.reduce(0) { max($0, abs($1)) }
            #expect(worst < 1e-6 * Double(largest), "\(tensor.name)")
            #expect(values != decoded)
        }
    }

    @Test("a checkpoint and the adapter of the run give the same model, wherever its store lies")
    func sources() throws {
        try tiny.train(tiny.job(["max_steps=2"]))
        try export(to: "checkpoint").write(checkpoint())
        try export(to: "adapter").write(adapterAt: out + "/adapter") { Issue.record("\($0)") }
        let elsewhere = tiny.directory + "/elsewhere.base.h5"
        for suffix in ["", ".manifest.json"] {
            try FileManager.default.moveItem(atPath: out + "/base.base.h5" + suffix, toPath: elsewhere + suffix)
        }
        try export(base: elsewhere, to: "named").write(checkpoint())
        #expect(try bytes("checkpoint") == bytes("adapter"))
        #expect(try bytes("checkpoint") == bytes("named"))
        let record = try #require(try ExportRecord(directory: tiny.directory + "/checkpoint"))
        #expect(try record.baseHash == BaseStore(path: elsewhere).hash && record.step == 2)

        let missing = try #require(throws: InputError.self) { try export(to: "x").write(checkpoint()) }
        #expect(missing.kind == .data && missing.remedy?.contains("--base") == true)
    }

    @Test(
        "the model that the base was made from will do, for it is encoded as the run did",
        arguments: [["adapter=lora"], ["quantization.format=fp4", "quantization.block_size=128"]])
    func model(settings: [String]) throws {
        try tiny.train(tiny.job(settings + ["max_steps=2"]))
        let export = export(base: tiny.golden + "/model", to: "model")
        try self.export(to: "store").write(checkpoint())
        try export.write(checkpoint())
        #expect(try bytes("model") == bytes("store"))
        try export.write(adapterAt: out + "/adapter") { Issue.record("\($0)") }
        #expect(try bytes("model") == bytes("store"))
        let names = try FileManager.default.contentsOfDirectory(atPath: tiny.directory)
        #expect(!names.contains { $0.hasPrefix(".") })
    }

    @Test("another base is refused by its hash, be it a store or a model")
    func anotherBase() throws {
        try tiny.train(tiny.job(["max_steps=2"]))
        let other = tiny.directory + "/other.base.h5"
        let encoding = BaseEncoding(
            try ModelDirectory(path: tiny.golden + "/model"), linearFormat: .nf4(blockSize: 128))
        let hash = try BaseStoreBuilder.build(encoding, to: other, context: context)
        let family = TinyJob.golden + "/../mistral/model"
        for base in [other, family] {
            let export = export(base: base, to: "x")
            let fromCheckpoint = try #require(throws: InputError.self) { try export.write(checkpoint()) }
            let fromAdapter = try #require(throws: InputError.self) {
                try export.write(adapterAt: out + "/adapter") { _ in }
            }
            for error in [fromCheckpoint, fromAdapter] {
                #expect(error.kind == .data)
                #expect(try error.message.contains(checkpoint().manifest.baseHash.prefix(12)))
                #expect(base != other || error.message.contains(hash.prefix(12)))
            }
        }
        #expect(!FileManager.default.fileExists(atPath: tiny.directory + "/x"))
    }

    @Test("an adapter of another program needs a base by name, and is compared by shapes with a notice")
    func foreignAdapter() throws {
        let adapter = tiny.golden + "/adapter"
        let unnamed = try #require(throws: InputError.self) { try export(to: "x").write(adapterAt: adapter) { _ in } }
        #expect(unnamed.kind == .usage)
        var notices: [String] = []
        try export(base: tiny.golden + "/model", to: "foreign").write(adapterAt: adapter) { notices.append($0) }
        #expect(notices.count == 1 && notices[0].contains("shapes"))
        let written = try ModelDirectory(path: tiny.directory + "/foreign")
        #expect(written.config["dtype"]?.string == "bfloat16")
        let mistral = TinyJob.golden + "/../mistral/model"
        let shapes = try #require(throws: InputError.self) {
            try export(base: mistral, to: "x").write(adapterAt: adapter) { _ in }
        }
        #expect(shapes.kind == .data)
    }
}
