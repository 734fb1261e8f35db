package import Architectures
package import Buffers

/// The place of every activation of a training step in one arena.
///
/// Made from architecture × micro-batch × checkpointing before the first step; the same computation is the plan's
/// memory. Nothing else is allocated in a step.
///
/// Without checkpointing every block keeps what its backward needs. With it all blocks share one set of slots, which is
/// filled again from the block's input just before its backward: the same functions, the same bits.
package struct StepLayout: Sendable, Equatable {
    /// What the arena is sized for.
    package struct Extent: Sendable, Equatable {
        /// Most tokens of a micro-batch.
        package var tokens: Int
        /// Rows of logits that are alive at once.
        package var logitRows: Int
        package var recomputation: Recomputation
        /// Forward only: one set of block slots, nothing is kept for a backward.
        package var inferenceOnly: Bool
        /// How gate and up are kept for the backward: as they are, or in bf16.
        package var savedType: ScalarType

        package init(
            tokens: Int, logitRows: Int, recomputation: Recomputation, inferenceOnly: Bool = false,
            savedType: ScalarType = .float32
        ) {
            precondition(tokens >= 0 && logitRows > 0 && (savedType == .float32 || savedType == .bfloat16))
            self.savedType = inferenceOnly ? .float32 : savedType
            self.tokens = tokens
            self.logitRows = logitRows
            self.recomputation = recomputation
            self.inferenceOnly = inferenceOnly
        }

        /// What the logits that are alive at once may take.
        private static let logitBytes = 64 << 20

        /// Rows of logits that are made at once. Every part of the tokens decodes the whole head: as few parts as fit,
        /// and all of about one size.
        package static func logitRows(vocabularySize: Int, tokens: Int) -> Int {
            let fitting = max(48, logitBytes / (4 * vocabularySize))
            let parts = max(1, tokens.dividedRoundingUp(by: fitting))
            return max(1, tokens.dividedRoundingUp(by: parts))
        }
    }

    /// What a block keeps from forward to backward; see `Block.backward` for why each is needed.
    package struct BlockSlots: Sendable, Equatable {
        /// After the rotary embedding.
        package let query: ActivationSlot
        package let key: ActivationSlot
        package let value: ActivationSlot
        package let attention: ActivationSlot
        package let logSumExp: ActivationSlot
        /// The stream after the attention half.
        package let middle: ActivationSlot
        /// Of the type `Extent.savedType`.
        package let gate: ActivationSlot
        package let up: ActivationSlot
        /// scale · x·Aᵀ of each layer that has an adapter.
        package let adapters: PerLinear<ActivationSlot?>

        /// - Parameter shared: a block whose slots of the attention half are this one's too.
        fileprivate init(
            _ architecture: Architecture, _ adapter: AdapterSettings?, _ extent: Extent, sharing shared: Self?,
            _ cursor: inout SlotCursor
        ) {
            func slot(_ columns: Int, type: ScalarType = .float32) -> ActivationSlot {
                cursor.slot(rows: extent.tokens, columns: columns, type: type)
            }
            query = shared?.query ?? slot(architecture.querySize)
            key = shared?.key ?? slot(architecture.keyValueSize)
            value = shared?.value ?? slot(architecture.keyValueSize)
            attention = shared?.attention ?? slot(architecture.querySize)
            logSumExp = shared?.logSumExp ?? slot(architecture.headCount)
            middle = shared?.middle ?? slot(architecture.hiddenSize)
            gate = slot(architecture.intermediateSize, type: extent.savedType)
            up = slot(architecture.intermediateSize, type: extent.savedType)
            adapters = PerLinear { role in
                guard let adapter, adapter.targets.contains(role) else { return nil }
                return (role.isOfAttention ? shared?.adapters[role] : nil) ?? slot(adapter.rank)
            }
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.query == right.query && left.up == right.up
                && LinearRole.allCases.allSatisfy { left.adapters[$0] == right.adapters[$0] }
        }
    }

    /// What lives only inside one block's forward or backward, or inside the head.
    package struct ScratchSlots: Sendable, Equatable {
        /// The normalised input of a half; its gradient comes in `normedGradient`.
        package let normed: ActivationSlot
        package let normedGradient: ActivationSlot
        /// silu(gate)·up; then its gradient.
        package let product: ActivationSlot
        package let productGradient: ActivationSlot
        /// Where gate and up are not kept in fp32: what they are made in, and then their gradients.
        package let gate: ActivationSlot
        package let up: ActivationSlot
        package let queryGradient: ActivationSlot
        package let keyGradient: ActivationSlot
        package let valueGradient: ActivationSlot
        package let attentionGradient: ActivationSlot
        package let adapterGradient: ActivationSlot
        /// An adapter's input after dropout, or its gradient before; [tokens, widest input].
        package let dropped: ActivationSlot
        /// The gradient of the stream, carried from block to block.
        package let streamGradient: ActivationSlot
        package let logits: ActivationSlot
        package let losses: ActivationSlot
    }

    package let architecture: Architecture
    package let adapter: AdapterSettings?
    package let extent: Extent
    /// The stream before block i, and after the last one: `layerCount + 1` slots, or two in turn for inference.
    package let stream: [ActivationSlot]
    package let blocks: [BlockSlots]
    package let scratch: ScratchSlots
    /// Size of the arena.
    package let byteCount: Int

    package init(_ architecture: Architecture, adapter: AdapterSettings?, extent: Extent) {
        self.architecture = architecture
        self.adapter = adapter
        self.extent = extent
        var cursor = SlotCursor()
        let hidden = architecture.hiddenSize
        let tokens = extent.tokens
        let training = !extent.inferenceOnly
        let streamCount = training ? architecture.layerCount + 1 : 2
        stream = (0..<streamCount).map { _ in cursor.slot(rows: tokens, columns: hidden) }
        blocks = Self.blocks(architecture, adapter, extent, &cursor)
        scratch = Self.scratchSlots(architecture, adapter, extent, &cursor)
        byteCount = cursor.byteCount
    }

    /// The slot of the stream that enters block `index`, or leaves the last one for `index == layerCount`.
    package func stream(_ index: Int) -> ActivationSlot { stream[extent.inferenceOnly ? index % 2 : index] }

    /// The slots of block `index`.
    package func block(_ index: Int) -> BlockSlots { blocks[blocks.count == 1 ? 0 : index] }

    /// The slots of all blocks; one set of them, or of what is computed again, where blocks share it.
    private static func blocks(
        _ architecture: Architecture, _ adapter: AdapterSettings?, _ extent: Extent, _ cursor: inout SlotCursor
    ) -> [BlockSlots] {
        guard !extent.inferenceOnly, extent.recomputation != .everything else {
            return [BlockSlots(architecture, adapter, extent, sharing: nil, &cursor)]
        }
        var blocks: [BlockSlots] = []
        for _ in 0..<architecture.layerCount {
            let shared = extent.recomputation == .attention ? blocks.first : nil
            blocks.append(BlockSlots(architecture, adapter, extent, sharing: shared, &cursor))
        }
        return blocks
    }

    private static func scratchSlots(
        _ architecture: Architecture, _ adapter: AdapterSettings?, _ extent: Extent, _ cursor: inout SlotCursor
    ) -> ScratchSlots {
        let tokens = extent.tokens
        // What only a backward needs takes no room in an arena for inference.
        let backwardTokens = extent.inferenceOnly ? 0 : tokens
        let droppedTokens = (adapter?.dropout ?? 0) > 0 && !extent.inferenceOnly ? tokens : 0
        let converts = extent.savedType != .float32
        let widest = LinearRole.allCases.map(architecture.inputSize(of:)).max() ?? 0
        let normed = cursor.slot(rows: tokens, columns: architecture.hiddenSize)
        let normedGradient = cursor.slot(rows: backwardTokens, columns: architecture.hiddenSize)
        let adapterGradient = cursor.slot(rows: backwardTokens, columns: adapter?.rank ?? 0)
        let dropped = cursor.slot(rows: droppedTokens, columns: widest)
        let streamGradient = cursor.slot(rows: backwardTokens, columns: architecture.hiddenSize)
        let losses = cursor.slot(rows: 1, columns: tokens)
        // The two halves of a block and the head never work at the same time: they take turns in one room.
        var (feedForward, attention, head) = (cursor, cursor, cursor)
        let product = feedForward.slot(rows: tokens, columns: architecture.intermediateSize)
        // From the kept gate and up the product can be made again in place of its gradient.
        let productGradient =
            converts ? product : feedForward.slot(rows: backwardTokens, columns: architecture.intermediateSize)
        let gate = feedForward.slot(rows: converts ? tokens : 0, columns: architecture.intermediateSize)
        let up = feedForward.slot(rows: converts ? tokens : 0, columns: architecture.intermediateSize)
        let attentionGradient = attention.slot(rows: backwardTokens, columns: architecture.querySize)
        let queryGradient = attention.slot(rows: backwardTokens, columns: architecture.querySize)
        let keyGradient = attention.slot(rows: backwardTokens, columns: architecture.keyValueSize)
        let valueGradient = attention.slot(rows: backwardTokens, columns: architecture.keyValueSize)
        let logits = head.slot(rows: extent.logitRows, columns: architecture.vocabularySize)
        cursor.advance(past: [feedForward, attention, head])
        return ScratchSlots(
            normed: normed, normedGradient: normedGradient, product: product, productGradient: productGradient,
            gate: gate, up: up, queryGradient: queryGradient, keyGradient: keyGradient, valueGradient: valueGradient,
            attentionGradient: attentionGradient, adapterGradient: adapterGradient, dropped: dropped,
            streamGradient: streamGradient, logits: logits, losses: losses)
    }
}
