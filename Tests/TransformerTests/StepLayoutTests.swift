import Architectures
import Buffers
import Testing
import Transformer

@Suite("The step layout")
struct StepLayoutTests {
    static let architecture = Architecture(
        family: "llama", vocabularySize: 97, hiddenSize: 24, intermediateSize: 40, layerCount: 3, headCount: 3,
        keyValueHeadCount: 1, headSize: 8, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000),
        maximumPositions: 64, tiesEmbeddings: true)

    /// Who works in the room that is used in turn.
    enum Turn: CaseIterable { case feedForward, attention, head }

    /// The slots that are alive while one of the three has its turn.
    private func slots(_ layout: StepLayout, _ turn: Turn) -> [ActivationSlot] {
        let scratch = layout.scratch
        let own: [ActivationSlot] =
            switch turn {
            case .feedForward:
                [scratch.product, scratch.gate, scratch.up]
                    + (scratch.productGradient == scratch.product ? [] : [scratch.productGradient])
            case .attention:
                [scratch.queryGradient, scratch.keyGradient, scratch.valueGradient, scratch.attentionGradient]
            case .head: [scratch.logits]
            }
        let blocks = layout.blocks.flatMap { block in
            [
                block.query, block.key, block.value, block.attention, block.logSumExp, block.middle, block.gate,
                block.up,
            ] + LinearRole.allCases.compactMap { block.adapters[$0] }
        }
        return layout.stream + blocks + own + [
            scratch.normed, scratch.normedGradient, scratch.adapterGradient, scratch.dropped, scratch.streamGradient,
            scratch.losses,
        ]
    }

    @Test(
        "Slots that are alive together are aligned and do not overlap, and the arena ends with the last of them",
        arguments: [0, 1, 7, 64],
        [
            (.nothing, false, .float32), (.everything, false, .float32), (.nothing, true, .bfloat16),
            (.nothing, false, .bfloat16), (.attention, false, .bfloat16),
        ] as [(Recomputation, Bool, ScalarType)])
    func disjoint(tokens: Int, mode: (recomputation: Recomputation, inference: Bool, saved: ScalarType)) {
        let layout = StepLayout(
            Self.architecture, adapter: AdapterSettings(rank: 4, scale: 2, dropout: 0.1, targets: [.query, .down]),
            extent: StepLayout.Extent(
                tokens: tokens, logitRows: 5, recomputation: mode.recomputation, inferenceOnly: mode.inference,
                savedType: mode.saved))
        let ends = Turn.allCases.map { turn in
            var end = 0
            var seen = Set<Int>()
            // Blocks may share a slot; two that are not the same must not overlap.
            let own = slots(layout, turn).filter { $0.byteCount == 0 || seen.insert($0.offset).inserted }
            for slot in own.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
                #expect(slot.offset % 64 == 0)
                #expect(slot.offset >= end)
                end = slot.offset + slot.byteCount
            }
            return end
        }
        let last = ends.max() ?? 0
        #expect(layout.byteCount >= last && layout.byteCount - last < 64)
    }

    @Test("What is computed again has one set of slots, and the stream before every block is kept")
    func recomputation() {
        func layout(_ recomputation: Recomputation) -> StepLayout {
            StepLayout(
                Self.architecture, adapter: nil,
                extent: StepLayout.Extent(tokens: 16, logitRows: 4, recomputation: recomputation))
        }
        #expect(layout(.everything).blocks.count == 1)
        #expect(Recomputation.allCases.map { Set(layout($0).blocks.map(\.query.offset)).count } == [3, 1, 1])
        #expect(Recomputation.allCases.map { Set(layout($0).blocks.map(\.gate.offset)).count } == [3, 3, 1])
        #expect(layout(.everything).stream.count == 4)
        #expect(layout(.everything).byteCount < layout(.attention).byteCount)
        #expect(layout(.attention).byteCount < layout(.nothing).byteCount)
    }

    @Test(
        "Logits are made in as few parts as fit, all of about one size",
        arguments: [1, 48, 49, 512, 5000], [97, 8192, 32_000, 151_936, 2_000_000])
    func logitParts(tokens: Int, vocabulary: Int) {
        let rows = StepLayout.Extent.logitRows(vocabularySize: vocabulary, tokens: tokens)
        let fitting = max(48, (64 << 20) / 4 / vocabulary)
        let parts = (tokens + rows - 1) / rows
        #expect(rows >= 1 && rows <= tokens && rows <= fitting)
        #expect(parts == (tokens + fitting - 1) / fitting)
        #expect(tokens - (parts - 1) * rows > rows - parts)
    }
}
