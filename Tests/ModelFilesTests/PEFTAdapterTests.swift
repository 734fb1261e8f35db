import Architectures
import Buffers
import Foundation
import ModelFiles
import Quantization
import Testing

@Suite("PEFT adapters")
struct PEFTAdapterTests {
    static func architecture() throws -> Architecture {
        try ModelConfiguration(path: fixture("llama_tiny/config.json")).architecture
    }

    @Test(
        "an adapter that PEFT saved is read, and written again as the same tensors with the base they belong to",
        arguments: [nil, WeightFormat.nf4(), .fp4(blockSize: 128, doubleQuantized: false), .bf16])
    func roundTrip(format: WeightFormat?) throws {
        let architecture = try Self.architecture()
        let original = try PEFTAdapter(path: fixture("llama_tiny/adapter"), architecture: architecture)
        #expect(
            original.description
                == AdapterDescription(rank: 4, alpha: 8, targets: Set(LinearRole.allCases), baseModelPath: "model"))
        let space = LogicalSpace(architecture.adapterTensors(original.description))
        #expect(space.tensors.count == 2 * 7 * 2)
        let values = try space.tensors.flatMap { try original.values(of: $0) }
        #expect(values.contains { $0 != 0 })
        try withTemporaryDirectory { directory in
            let path = "\(directory)/out/adapter"
            let origin = AdapterOrigin(baseHash: "5eed", linearFormat: format)
            try PEFTAdapter.write(original.description, tensors: space, values: values, origin: origin, to: path)
            let copy = try PEFTAdapter(path: path, architecture: architecture)
            #expect(copy.description == original.description)
            #expect(try PEFTAdapter.origin(ofAdapterAt: path) == origin)
            #expect(try PEFTAdapter.origin(ofAdapterAt: fixture("llama_tiny/adapter")) == nil)
            #expect(try space.tensors.flatMap { try copy.values(of: $0) } == values)
        }
    }

    /// Reads the fixture's adapter under a changed configuration.
    private func read(_ changes: [String: Any]) throws -> AdapterDescription {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixture("llama_tiny/adapter/adapter_config.json")))
        var members = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        members.merge(changes) { $1 }
        return try withTemporaryDirectory { directory in
            try JSONSerialization.data(withJSONObject: members).write(
                to: URL(fileURLWithPath: "\(directory)/adapter_config.json"))
            try FileManager.default.copyItem(
                atPath: fixture("llama_tiny/adapter/adapter_model.safetensors"),
                toPath: "\(directory)/adapter_model.safetensors")
            return try PEFTAdapter(path: directory, architecture: Self.architecture()).description
        }
    }

    @Test(
        "targets may be ends of names, a pattern, or all linear layers",
        arguments: ["all-linear", #".*\.(self_attn|mlp)\.[a-z]+_proj"#, "model.layers.[0-9].*_proj"])
    func targetPatterns(pattern: String) throws {
        #expect(try read(["target_modules": pattern]).targets == Set(LinearRole.allCases))
    }

    @Test("rank-stabilised LoRA scales by the root of the rank")
    func rankStabilized() throws {
        let description = try read(["use_rslora": true])
        #expect(description.usesRankStabilizedScale && description.scale == 4)
        #expect(try read([:]).scale == 2)
    }

    @Test(
        "what is not plain LoRA is refused by its key",
        arguments: [
            ("use_dora", "true"), ("bias", #""all""#), ("modules_to_save", #"["lm_head"]"#),
            ("rank_pattern", #"{"q_proj": 8}"#), ("layers_to_transform", "[0]"), ("layers_to_transform", "1"),
            ("peft_type", #""IA3""#), ("init_lora_weights", #""pissa_niter_4""#), ("lora_dropout", "1"),
            ("r", "0"), ("r", "8.5"), ("lora_alpha", #""x""#), ("target_modules", "[]"), ("target_modules", #""(""#),
            ("target_modules", #"["lm_head", "q_proj"]"#), ("target_modules", #""model.layers.0.self_attn.q_proj""#),
        ])
    func refused(key: String, json: String) throws {
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        let error = try inputError { _ = try read([key: value]) }
        #expect(error.place == key)
        #expect(error.remedy != nil)
    }

    @Test("tensors that do not fit the configuration are named")
    func tensorsDoNotFit() throws {
        #expect(try inputError { _ = try read(["r": 8]) }.message.contains("shape"))
        let error = try inputError { _ = try read(["target_modules": ["q_proj"]]) }
        #expect(error.place?.contains("lora_") == true)
    }
}
