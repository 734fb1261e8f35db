import Architectures
import Buffers
import Foundation
import ModelFiles

/// The shapes that benchmarks know by name.
enum BenchShapes {
    /// - Throws: `InputError` where the name is neither a known shape nor a model directory.
    static func architecture(_ name: String) throws -> Architecture {
        switch name {
        case "tiny": llama(hidden: 64, layers: 2, heads: 4, keyValueHeads: 2, intermediate: 176, vocabulary: 512)
        case "60m": llama(hidden: 512, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 1408, vocabulary: 8192)
        case "350m": llama(hidden: 1024, layers: 24, heads: 16, keyValueHeads: 8, intermediate: 2816, vocabulary: 32000)
        case "1b": llama(hidden: 2048, layers: 22, heads: 32, keyValueHeads: 4, intermediate: 5632, vocabulary: 32000)
        case "7b": llama(hidden: 4096, layers: 32, heads: 32, keyValueHeads: 32, intermediate: 11008, vocabulary: 32000)
        // Llama 2 13B and 70B.
        case "13b":
            llama(hidden: 5120, layers: 40, heads: 40, keyValueHeads: 40, intermediate: 13824, vocabulary: 32000)
        case "70b": llama(hidden: 8192, layers: 80, heads: 64, keyValueHeads: 8, intermediate: 28672, vocabulary: 32000)
        default:
            if FileManager.default.fileExists(atPath: name) {
                try ModelConfiguration(directory: name).architecture
            } else {
                throw InputError(
                    .usage, "'\(name)' is neither a known shape nor a model directory",
                    remedy: "use tiny, 60m, 350m, 1b, 7b, 13b, 70b, or a directory with a config.json")
            }
        }
    }

    private static func llama(
        hidden: Int, layers: Int, heads: Int, keyValueHeads: Int, intermediate: Int, vocabulary: Int
    ) -> Architecture {
        Architecture(
            family: "llama", vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate,
            layerCount: layers, headCount: heads, keyValueHeadCount: keyValueHeads, headSize: hidden / heads,
            normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000), maximumPositions: 2048, tiesEmbeddings: false)
    }
}
