import Architectures
import Buffers
import Foundation
import ModelFiles
import Testing

@Suite("config.json")
struct ModelConfigurationTests {
    /// A configuration of the least keys, with some changed.
    static func configuration(_ changes: [String: String] = [:]) throws -> Architecture {
        var members: [String: String] = [
            "model_type": "\"llama\"", "vocab_size": "100", "hidden_size": "64", "intermediate_size": "96",
            "num_hidden_layers": "2", "num_attention_heads": "4",
        ]
        members.merge(changes) { $1 }
        let json = "{" + members.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
        return try Array(json.utf8).withUnsafeBytes {
            try ModelConfiguration(path: "config.json", bytes: $0).architecture
        }
    }

    @Test("newer and older files of one model say the same")
    func bothGenerations() throws {
        let newer = try ModelConfiguration(path: fixture("llama_tiny/config.json")).architecture
        let older = try ModelConfiguration(path: fixture("llama_tiny/config_v4.json")).architecture
        #expect(newer == older)
        #expect(newer.rotary == RotaryEmbedding(theta: 50000))
        #expect(newer.headSize == 16 && newer.keyValueHeadCount == 2 && newer.vocabularySize == 512)
        #expect(newer.normEpsilon == 1e-5 && !newer.tiesEmbeddings && newer.biasedLinears.isEmpty)
        #expect(newer.beginOfText == 0 && newer.endOfText == [1])
    }

    @Test("absent keys mean what transformers takes them for")
    func defaults() throws {
        let architecture = try Self.configuration()
        #expect(architecture.keyValueHeadCount == 4 && architecture.headSize == 16)
        #expect(architecture.rotary == RotaryEmbedding(theta: 10000))
        #expect(architecture.normEpsilon == 1e-6 && architecture.maximumPositions == 2048)
        #expect(architecture.attentionWindow == nil && !architecture.tiesEmbeddings)
        let mistral = try Self.configuration(["model_type": "\"mistral\"", "num_attention_heads": "16"])
        #expect(mistral.keyValueHeadCount == 8 && mistral.attentionWindow == 4096)
    }

    @Test("families differ by description")
    func families() throws {
        let llama = try Self.configuration(["attention_bias": "true", "mlp_bias": "true"])
        #expect(llama.biasedLinears == Set(LinearRole.allCases))
        let mistral = try Self.configuration([
            "model_type": "\"mistral\"", "num_key_value_heads": "2", "sliding_window": "null",
        ])
        #expect(mistral.attentionWindow == nil)
        let qwen = try Self.configuration(["model_type": "\"qwen2\"", "sliding_window": "8"])
        #expect(qwen.biasedLinears == [.query, .key, .value] && qwen.attentionWindow == nil)
    }

    /// The keys of config.json as the models are published, and what newer versions of transformers write.
    @Test(
        "published configurations are understood",
        arguments: [
            (
                // Mistral-7B-v0.1
                """
                {"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
                "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
                "max_position_embeddings": 32768, "model_type": "mistral", "num_attention_heads": 32,
                "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
                "sliding_window": 4096, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
                "transformers_version": "4.34.0.dev0", "use_cache": true, "vocab_size": 32000}
                """, 4096 as Int?, 7_241_732_096
            ),
            (
                // Mistral-7B-v0.3
                """
                {"architectures": ["MistralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1,
                "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
                "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
                "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
                "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false,
                "torch_dtype": "bfloat16", "transformers_version": "4.42.0.dev0", "use_cache": true,
                "vocab_size": 32768}
                """, nil, 7_248_023_552
            ),
            (
                // Qwen2-7B
                """
                {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
                "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 3584, "initializer_range": 0.02,
                "intermediate_size": 18944, "max_position_embeddings": 131072, "max_window_layers": 28,
                "model_type": "qwen2", "num_attention_heads": 28, "num_hidden_layers": 28, "num_key_value_heads": 4,
                "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072,
                "tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.37.2",
                "use_cache": true, "use_sliding_window": false, "vocab_size": 152064}
                """, nil, 7_615_616_512
            ),
            (
                // Qwen2.5-0.5B, saved again by transformers 5
                """
                {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
                "dtype": "bfloat16", "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896,
                "initializer_range": 0.02, "intermediate_size": 4864,
                "layer_types": ["full_attention", "full_attention"], "max_position_embeddings": 32768,
                "max_window_layers": 24, "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24,
                "num_key_value_heads": 2, "pad_token_id": null, "rms_norm_eps": 1e-06,
                "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "sliding_window": null,
                "tie_word_embeddings": true, "transformers_version": "5.23.0", "use_cache": true, "use_mrope": false,
                "use_sliding_window": false, "vocab_size": 151936}
                """, nil, 494_032_768
            ),
        ])
    func published(text: String, window: Int?, parameters: Int) throws {
        let architecture = try Array(text.utf8).withUnsafeBytes {
            try ModelConfiguration(path: "config.json", bytes: $0).architecture
        }
        #expect(architecture.attentionWindow == window)
        #expect(architecture.parameterCount == parameters)
    }

    @Test("sliding layers throughout are a window, where there is one")
    func slidingLayers() throws {
        let sliding = #"["sliding_attention", "sliding_attention"]"#
        let mistral = ["model_type": "\"mistral\"", "num_key_value_heads": "2", "layer_types": sliding]
        #expect(try Self.configuration(mistral.merging(["sliding_window": "7"]) { $1 }).attentionWindow == 7)
        for refused in [["sliding_window": "null"], ["layer_types": #"["sliding_attention", "full_attention"]"#]] {
            let error = try inputError { _ = try Self.configuration(mistral.merging(refused) { $1 }) }
            #expect(error.place == "layer_types")
        }
    }

    @Test("end of text may be one id or several")
    func endOfText() throws {
        #expect(try Self.configuration(["eos_token_id": "[5, 7]"]).endOfText == [5, 7])
        #expect(try Self.configuration(["eos_token_id": "null"]).endOfText == [])
    }

    @Test(
        "rotary scaling of both spellings",
        arguments: ["rope_scaling", "rope_parameters"], ["type", "rope_type"])
    func rotaryScaling(key: String, type: String) throws {
        let linear = try Self.configuration([key: #"{"\#(type)": "linear", "factor": 4}"#])
        #expect(linear.rotary.scaling == .linear(factor: 4))
        let llama3 = try Self.configuration([
            "rope_theta": "500000.0",
            key: """
            {"\(type)": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192}
            """,
        ])
        #expect(llama3.rotary.theta == 500000)
        #expect(
            llama3.rotary.scaling
                == .llama3(
                    factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositions: 8192))
    }

    @Test(
        "what is not supported is named",
        arguments: [
            ("model_type", "\"gpt2\"", "gpt2"), ("hidden_act", "\"gelu\"", "gelu"),
            ("pretraining_tp", "2", "pretraining_tp 2"),
            ("rope_scaling", #"{"type": "yarn", "factor": 2}"#, "yarn"), ("rope_scaling", "[]", "rope_scaling"),
            ("rope_scaling", #"{"type": "linear"}"#, "factor"), ("partial_rotary_factor", "0.5", "partial"),
            ("rope_parameters", #"{"full_attention": {"rope_type": "default"}}"#, "layer"),
            ("layer_types", #"["sliding_attention"]"#, "layer_types"),
            ("num_key_value_heads", "3", "num_key_value_heads"),
            ("head_dim", "15", "head_dim"), ("hidden_size", "66", "num_attention_heads"),
            ("hidden_size", "1e30", "hidden_size"), ("num_hidden_layers", "0", "num_hidden_layers"),
            ("vocab_size", "-1", "vocab_size"), ("vocab_size", "\"100\"", "vocab_size"),
            ("eos_token_id", "100", "eos_token_id"), ("rms_norm_eps", "\"x\"", "rms_norm_eps"),
            ("tie_word_embeddings", "1", "tie_word_embeddings"),
        ])
    func refused(key: String, value: String, says: String) throws {
        let error = try inputError { _ = try Self.configuration([key: value]) }
        #expect(error.description.contains(says), "\(error)")
        #expect(error.remedy != nil)
    }

    @Test("a missing key is named", arguments: ["model_type", "vocab_size", "hidden_size", "num_hidden_layers"])
    func missing(key: String) throws {
        let error = try inputError { _ = try Self.configuration([key: "null"]) }
        #expect(error.place == key)
    }
}
