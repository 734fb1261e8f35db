import Architectures
import Buffers
import Foundation
import ModelFiles
import Testing

@Suite("Model directories")
struct ModelDirectoryTests {
    @Test("one file or many hold the same model", arguments: [1 << 30, 10_000, 1])
    func files(maximumFileByteCount: Int) throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path, maximumFileByteCount: maximumFileByteCount)
            let directory = try ModelDirectory(path: path)
            #expect(try directory.architecture == TinyModel.architecture())
            #expect((directory.files.count == 1) == (maximumFileByteCount == 1 << 30))
            for tensor in directory.architecture.tensors {
                let stored = try directory.tensor(named: tensor.name)
                #expect(stored.shape == tensor.shape)
                #expect(stored.floats == TinyModel.values(tensor))
            }
            #expect(directory.fingerprintIngredients.count == 1 + directory.files.count)
        }
    }

    @Test("without a head the embedding is the head")
    func tied() throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path) { $0.removeAll { $0.name == "lm_head.weight" } }
            #expect(try ModelDirectory(path: path).architecture.tiesEmbeddings)
        }
    }

    @Test("a head beside a tied embedding, and old rotary frequencies, are passed over")
    func harmless() throws {
        let tied = TinyModel.configuration.replacing("{\"model", with: "{\"tie_word_embeddings\": true, \"model")
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path, configuration: tied) {
                $0.append(
                    OutgoingTensor(
                        name: "model.layers.0.self_attn.rotary_emb.inv_freq", type: .float32, shape: [1],
                        values: [1] as [Float]))
            }
            let directory = try ModelDirectory(path: path)
            #expect(directory.architecture.tiesEmbeddings)
            #expect(directory.architecture.tensors.contains { $0.name == "lm_head.weight" } == false)
        }
    }

    @Test("a missing tensor is named")
    func missing() throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path) { $0.removeAll { $0.name == "model.layers.1.mlp.up_proj.weight" } }
            let error = try inputError { _ = try ModelDirectory(path: path) }
            #expect(error.place == "tensor model.layers.1.mlp.up_proj.weight")
        }
    }

    @Test("a tensor that nothing asks for is named: the configuration is of another model")
    func unexpected() throws {
        let shorter = TinyModel.configuration.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 1")
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path, configuration: shorter)
            let error = try inputError { _ = try ModelDirectory(path: path) }
            #expect(error.place?.hasPrefix("tensor model.layers.1.") == true)
        }
    }

    @Test("a wrong shape or type is named", arguments: [ScalarType.float32, .int32])
    func misfit(type: ScalarType) throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path) { tensors in
                tensors.removeAll { $0.name == "model.norm.weight" }
                let shape = type == .int32 ? [32] : [8, 4]
                tensors.append(
                    OutgoingTensor(
                        name: "model.norm.weight", type: type, shape: shape, values: [Int32](repeating: 0, count: 32)))
            }
            let error = try inputError { _ = try ModelDirectory(path: path) }
            #expect(error.place == "tensor model.norm.weight")
            #expect(error.file == "\(path)/model.safetensors")
        }
    }

    @Test("a directory without safetensors says what to do")
    func noWeights() throws {
        try withTemporaryDirectory { path in
            try Data(TinyModel.configuration.utf8).write(to: URL(fileURLWithPath: "\(path)/config.json"))
            let error = try inputError { _ = try ModelDirectory(path: path) }
            #expect(error.file == path && error.remedy?.contains("safetensors") == true)
        }
    }

    @Test(
        "an index must not point outside, at nothing, or at the wrong file",
        arguments: [
            #"{"weight_map": {"a": "../a.safetensors"}}"#, #"{"weight_map": {"a": "/etc/passwd"}}"#,
            #"{"weight_map": {"a": 1}}"#, #"{"weight_map": {}}"#, "{}", "[]", "",
            #"{"weight_map": {"a": "b.safetensors"}}"#,
        ])
    func badIndex(json: String) throws {
        try withTemporaryDirectory { path in
            try Data(TinyModel.configuration.utf8).write(to: URL(fileURLWithPath: "\(path)/config.json"))
            try Data(json.utf8).write(to: URL(fileURLWithPath: "\(path)/model.safetensors.index.json"))
            _ = try inputError { _ = try ModelDirectory(path: path) }
        }
    }

    @Test("a tensor that two files hold, or that the index misplaces, is an error")
    func misplaced() throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path, maximumFileByteCount: 10_000)
            let index = URL(fileURLWithPath: "\(path)/model.safetensors.index.json")
            let text = try String(contentsOf: index, encoding: .utf8)
            let names = text.matches(of: /model-\d+-of-\d+.safetensors/).map { String($0.output) }
            let first = try #require(names.first)
            let other = try #require(names.first { $0 != first })
            try text.replacing(first, with: other, maxReplacements: 1).write(
                to: index, atomically: true, encoding: .utf8)
            _ = try inputError { _ = try ModelDirectory(path: path) }
            try text.write(to: index, atomically: true, encoding: .utf8)
            try FileManager.default.removeItem(atPath: "\(path)/\(other)")
            try FileManager.default.copyItem(atPath: "\(path)/\(first)", toPath: "\(path)/\(other)")
            #expect(try inputError { _ = try ModelDirectory(path: path) }.message.contains("another file"))
        }
    }
}
