import Architectures
import Evaluation
import Kernels
import Testing

@Suite("The benchmark of generation")
struct GenerationBenchmarkTests {
    private static let hidden = 64
    private static let intermediate = 128
    private static let vocabulary = 96
    private static let layers = 2

    private static func architecture(tied: Bool) -> Architecture {
        Architecture(
            family: "llama", vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate,
            layerCount: layers, headCount: 2, keyValueHeadCount: 1, headSize: 32, normEpsilon: 1e-5,
            rotary: RotaryEmbedding(theta: 10_000), maximumPositions: 64, tiesEmbeddings: tied)
    }

    @Test("counts every weight, key and value that a token reads", arguments: [false, true], [Compute.fp32, .int8])
    func bytes(tied: Bool, compute: Compute) throws {
        let result = try GenerationBenchmark(
            architecture: Self.architecture(tied: tied), promptLength: 5, newTokens: 2, batchSize: 1, compute: compute,
            threads: 2
        ).run()
        // Query and output are H × H, key and value H / 2 × H: four bits a weight, a byte for 64 of them, and for each
        // of the seven tensors a factor and an offset. Norms and the head or the embedding are bf16.
        let weights = 3 * Self.hidden * Self.hidden + 3 * Self.hidden * Self.intermediate
        let block = weights / 2 + weights / 64 + 7 * 8 + 2 * Self.hidden * 2
        let head = Self.hidden * 2 + Self.vocabulary * Self.hidden * 2 + (tied ? 0 : Self.hidden * 2)
        let keysAndValues = 6 * Self.layers * 2 * 32 * 4
        #expect(result.bytes_per_token == Double(Self.layers * block + head + keysAndValues))
        #expect(result.tokens_per_second > 0 && result.fraction_of_peak > 0)
        let speed = result.tokens_per_second * result.bytes_per_token / 1e9
        #expect(abs(result.gigabytes_per_second - speed) <= 1e-9 * speed)
    }
}
