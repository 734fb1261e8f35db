import Architectures
import Buffers
import Foundation
import ModelFiles
import Quantization

/// A small model of made-up weights, written as a Hugging Face directory.
struct TinyModel {
    /// hidden 32, 2 layers, vocabulary 40, intermediate 44 (no multiple of a block).
    static let configuration = """
        {"model_type": "llama", "vocab_size": 40, "hidden_size": 32, "intermediate_size": 44, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "dtype": "float32", "bos_token_id": 1, "eos_token_id": 2}
        """

    static func architecture() throws -> Architecture {
        try Array(configuration.utf8).withUnsafeBytes {
            try ModelConfiguration(path: "config.json", bytes: $0).architecture
        }
    }

    static func values(_ tensor: BaseTensor) -> [Float] {
        let random = CounterRNG(seed: 5, purpose: .initialization, tensor: tensor.name.utf8.reduce(0) { $0 + Int($1) })
        return (0..<tensor.elementCount).map { random.uniform($0) - 0.5 }
    }

    static func tensors() throws -> [OutgoingTensor] {
        try architecture().tensors.map {
            OutgoingTensor(name: $0.name, type: .float32, shape: $0.shape, values: values($0))
        }
    }

    static func write(
        to directory: String, configuration: String = configuration, maximumFileByteCount: Int = 1 << 30,
        _ change: (inout [OutgoingTensor]) -> Void = { _ in }
    ) throws {
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(directory)/config.json"))
        var tensors = try tensors()
        change(&tensors)
        try SafetensorsWriter.writeModel(tensors, to: directory, maximumFileByteCount: maximumFileByteCount)
    }
}
