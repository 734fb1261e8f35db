import Architectures
import Buffers
import Checkpoints
import Events
import Execution
import Foundation
import Kernels
import ModelFiles
import Testing
import Training

@Suite("Training all parameters")
struct FullTrainingTests {
    struct Run: Decodable {
        let losses: [Double]
        let grad_norms: [Double]
        let final_norms: [String: Double]
    }

    struct Meta: Decodable {
        let learning_rates: [Double]
        let untied: [String: Run]
        let tied: [String: Run]

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            learning_rates = try values.decode([Double].self, forKey: Key("learning_rates"))
            func runs(_ kind: String) throws -> [String: Run] {
                let runs = try values.nestedContainer(keyedBy: Key.self, forKey: Key(kind))
                return try ["train_decay_0.0", "train_decay_0.1"].reduce(into: [:]) {
                    $0[$1] = try runs.decode(Run.self, forKey: Key($1))
                }
            }
            untied = try runs("untied")
            tied = try runs("tied")
        }

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(_ name: String) { stringValue = name }
            init?(stringValue: String) { self.init(stringValue) }
            init?(intValue: Int) { nil }
        }
    }

    private static let settings = ["adapter=none", "lora_model_dir=null", "learning_rate=0.001"]

    /// llama_tiny without its head, the embedding in its place.
    private func tiedModel(_ tiny: TinyJob) throws -> String {
        let path = tiny.directory + "/tied"
        let source = try ModelDirectory(path: tiny.golden + "/model")
        var architecture = source.architecture
        architecture.tiesEmbeddings = true
        try ModelExport(configuration: source.configuration, architecture: architecture).write(
            to: path, files: [], record: ExportRecord()
        ) { _ = $1.update(fromContentsOf: try source.tensor(named: $0.name).floats) }
        return path
    }

    private func modelBytes(_ tiny: TinyJob, _ output: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(tiny.directory)/\(output)/model/model.safetensors"))
    }

    @Test(
        "Twenty steps of AdamW equal torch's: losses within 1e-3, norms within 1e-3 relative",
        arguments: [false, true], ["0.0", "0.1"])
    func reference(isTied: Bool, decay: String) throws {
        let tiny = try TinyJob()
        let fixture = TinyJob.fixtures + "/full/full.json"
        let meta = try JSONDecoder().decode(Meta.self, from: Data(contentsOf: URL(fileURLWithPath: fixture)))
        let expected = try #require((isTied ? meta.tied : meta.untied)["train_decay_\(decay)"])
        var settings = Self.settings + ["weight_decay=\(decay)"]
        if isTied { settings.append("base_model=\(try tiedModel(tiny))") }
        let steps = try tiny.train(tiny.job(settings)).steps
        #expect(steps.count == 20)
        for (index, step) in steps.enumerated() {
            #expect(abs(step.loss - expected.losses[index]) < 1e-3)
            #expect(abs(step.gradientNorm / expected.grad_norms[index] - 1) < 1e-3)
            #expect(abs(step.learningRate - meta.learning_rates[index]) <= 1e-15)
        }
        // What is written is rounded to bf16, 8 bits of mantissa.
        let model = try ModelDirectory(path: tiny.directory + "/out/model")
        #expect(model.architecture.tiesEmbeddings == isTied)
        #expect(model.architecture.tensors.count == expected.final_norms.count)
        for tensor in model.architecture.tensors {
            let norm = try model.tensor(named: tensor.name).floats.reduce(0) { $0 + Double($1) * Double($1) }
            let wanted = try #require(expected.final_norms[tensor.name])
            #expect(abs(norm.squareRoot() / wanted - 1) < 2e-3, "\(tensor.name)")
        }
    }

    /// Micro-batches of uneven number over ranks, packing and evaluation: all that could depend on ranks.
    private static let uneven =
        settings + [
            "global_batch_size=5", "sample_packing=true", "sequence_len=40", "shuffle=true", "val_set_size=5",
            "eval_steps=3",
            "max_steps=7",
        ]

    @Test(
        "The same job gives the same bits on any number of ranks and threads, checkpointed or not",
        arguments: [
            (1, ["threads=2"]), (2, []), (3, ["gradient_checkpointing=true"]), (4, ["threads=3"]),
            (2, ["distributed.zero_stage=0"]), (3, ["distributed.zero_stage=1"]), (4, ["distributed.zero_stage=2"]),
        ], [false, true])
    func ranks(run: (ranks: Int, extra: [String]), isTied: Bool) throws {
        let tiny = try TinyJob()
        let base = isTied ? ["base_model=\(try tiedModel(tiny))"] : []
        let one = try tiny.train(
            tiny.job(Self.uneven + base + ["gradient_checkpointing=false"], output: "one"))
        let many = try tiny.train(tiny.job(Self.uneven + base + run.extra, output: "many"), ranks: run.ranks)
        #expect(one.lines.count == 7)
        #expect(one.lines == many.lines)
        #expect(one.evaluations.map(\.loss.bitPattern) == many.evaluations.map(\.loss.bitPattern))
        #expect(try modelBytes(tiny, "one") == modelBytes(tiny, "many"))
    }

    @Test("After an interruption a run from random weights goes on with the same bits", arguments: [(1, 3), (4, 2)])
    func resume(before: Int, after: Int) throws {
        let tiny = try TinyJob()
        let settings = Self.uneven + ["save_steps=2", "init=random"]
        let whole = try tiny.train(tiny.job(settings, output: "whole"))
        #expect(throws: (any Error).self) {
            try tiny.train(tiny.job(settings, output: "cut"), ranks: before, stopAfter: 6)
        }
        let rest = try tiny.train(tiny.job(settings, output: "cut"), ranks: after)
        #expect(rest.lines.first?.step == 5)
        #expect(rest.lines == whole.lines.suffix(3))
        #expect(try modelBytes(tiny, "whole") == modelBytes(tiny, "cut"))
    }

    @Test("A run from random weights needs a shape, no weights; its result is not that of another seed")
    func randomStart() throws {
        let tiny = try TinyJob()
        let shape = tiny.directory + "/shape"
        try FileManager.default.createDirectory(atPath: shape, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: tiny.golden + "/model/config.json", toPath: shape + "/config.json")
        let settings = Self.settings + ["base_model=\(shape)", "init=random", "max_steps=2"]
        try tiny.train(tiny.job(settings, output: "a"))
        try tiny.train(tiny.job(settings + ["seed=7"], output: "b"), ranks: 2)
        #expect(try modelBytes(tiny, "a") != modelBytes(tiny, "b"))
        #expect {
            try tiny.train(tiny.job(Self.settings + ["base_model=\(shape)"], output: "c"))
        } throws: {
            ExitCode.of($0) == 65 && "\($0)".contains("safetensors")
        }
    }

    @Test("A checkpoint of all parameters is refused on other weights, and exported whole")
    func checkpoint() throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(Self.settings + ["max_steps=3", "save_steps=2"]), ranks: 2)
        #expect {
            try tiny.train(tiny.job(Self.settings + ["max_steps=3", "init=random"]))
        } throws: {
            [64, 65].contains(ExitCode.of($0))
        }
        let reader = try #require(try CheckpointReader.latest(in: tiny.directory + "/out/checkpoints").checkpoint)
        let path = tiny.directory + "/exported"
        try MergedExport(to: path, basePath: nil, type: .bfloat16, context: .init(threads: 1)).write(reader)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: path + "/model.safetensors")) == modelBytes(tiny, "out"))
        for (base, said) in [
            (tiny.directory + "/none", "which is not there"), (TinyJob.fixtures + "/qwen2/model", "another shape"),
        ] {
            let export = MergedExport(
                to: tiny.directory + "/refused", basePath: base, type: .bfloat16, context: try .init(threads: 1))
            #expect {
                try export.write(reader)
            } throws: {
                ExitCode.of($0) == 65 && "\($0)".contains(said)
            }
            #expect(!FileManager.default.fileExists(atPath: tiny.directory + "/refused"))
        }
        #expect {
            try CheckpointExport.peft(reader, to: tiny.directory + "/peft")
        } throws: {
            ExitCode.of($0) == 65 && "\($0)".contains("holds no adapter")
        }
    }

    @Test("Quantised weights are refused: they cannot be trained")
    func quantized() throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=1"]))
        let store = tiny.directory + "/out/base.base.h5"
        #expect {
            try tiny.train(tiny.job(Self.settings + ["base_model=\(store)"], output: "full"))
        } throws: {
            ExitCode.of($0) == 64 && "\($0)".contains("is quantised")
        }
    }
}
