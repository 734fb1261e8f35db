import Architectures
import Buffers
import Kernels
import Quantization
import Testing
import Transformer

@Suite("The head")
struct HeadTests {
    private static let tokens = 9
    private static let architecture = Architecture(
        family: "llama", vocabularySize: 421, hiddenSize: 72, intermediateSize: 64, layerCount: 1, headCount: 1,
        keyValueHeadCount: 1, headSize: 8, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000),
        maximumPositions: 64, tiesEmbeddings: false)

    @Test("A weight that is used part by part gives the same bits as a whole one", arguments: [Compute.fp32, .int8])
    func parts(compute: Compute) throws {
        let whole = try run(compute, partBytes: nil)
        #expect(try run(compute, partBytes: 100 * 72 * 4) == whole)
        #expect(try run(compute, partBytes: 1) == whole)
        #expect(try run(compute, partBytes: 1 << 30) == whole)
    }

    /// The losses and the stream's gradient, in bits.
    private func run(_ compute: Compute, partBytes: Int?) throws -> [UInt32] {
        let architecture = Self.architecture
        let layout = StepLayout(
            architecture, adapter: nil,
            extent: StepLayout.Extent(tokens: Self.tokens, logitRows: 5, recomputation: .everything))
        let activations = try Activations(layout)
        let stream = activations.matrix(layout.stream(architecture.layerCount), rows: Self.tokens)
        let storage = try AlignedStorage(byteCount: 422 * 72 * 4)
        let weights = storage.elements(of: Float.self, count: 422 * 72)
        let random = CounterRNG(seed: 7, purpose: .benchmark)
        for index in weights.indices { weights[index] = random.uniform(index) - 0.5 }
        for index in stream.elements.indices { stream.elements[index] = random.uniform(1_000_000 + index) * 2 - 1 }
        let matrix = Matrix(weights, rows: 422, columns: 72)
        var given = 0
        let head = Head(
            norm: WeightView(matrix.rows(from: 421, count: 1)), weight: WeightView(matrix.rows(from: 0, count: 421)),
            pages: partBytes.map { Head.Pages(partBytes: $0, map: { _ in }, giveBack: { given += $0.count }) },
            activations: activations, context: try KernelContext(threads: 2), compute: compute)
        let ids = (0..<Int32(Self.tokens)).map { $0 * 40 }
        return ids.withUnsafeBufferPointer { ids in
            let segments = UnsafeBufferPointer<AttentionSegment>(start: nil, count: 0)
            let batch = TokenBatch(tokens: ids, positions: ids, targets: ids, segments: segments)
            let losses = head.losses(batch, gradientScale: 0.1)
            // Two rounds of logits, each of which goes over the weight forward and backward.
            #expect(given == (partBytes == nil ? 0 : 4 * 421 * 72 * 4))
            let gradient = activations.matrix(layout.scratch.streamGradient, rows: Self.tokens)
            return (Array(losses) + Array(gradient.elements)).map(\.bitPattern)
        }
    }
}
