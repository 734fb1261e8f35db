/// A decoder-only language model described: dimensions and conventions, no bytes.
///
/// A family (Llama, Mistral, Qwen2) is a value of this type, not a fork of the block. Everything that follows from the
/// description (tensors, units, logical ranges) is derived in extensions.
package struct Architecture: Codable, Equatable, Sendable {
    /// `model_type` of the Hugging Face configuration: `llama`.
    package var family: String
    package var vocabularySize: Int
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    /// Query heads.
    package var headCount: Int
    /// Key/value heads; divides `headCount` (grouped-query attention).
    package var keyValueHeadCount: Int
    /// Elements of one head; need not be hiddenSize / headCount.
    package var headSize: Int
    /// ε of RMSNorm.
    package var normEpsilon: Float
    package var rotary: RotaryEmbedding
    /// The longest sequence that the model was made for.
    package var maximumPositions: Int
    /// The head is the embedding: one tensor, counted once.
    package var tiesEmbeddings: Bool
    /// Which linear layers have a bias.
    package var biasedLinears: Set<LinearRole>
    /// How many positions back a query sees, itself included; nil: all of them.
    package var attentionWindow: Int?
    package var beginOfText: Int?
    package var endOfText: [Int]

    package init(
        family: String, vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
        keyValueHeadCount: Int, headSize: Int, normEpsilon: Float, rotary: RotaryEmbedding, maximumPositions: Int,
        tiesEmbeddings: Bool, biasedLinears: Set<LinearRole> = [], attentionWindow: Int? = nil,
        beginOfText: Int? = nil, endOfText: [Int] = []
    ) {
        self.family = family
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.normEpsilon = normEpsilon
        self.rotary = rotary
        self.maximumPositions = maximumPositions
        self.tiesEmbeddings = tiesEmbeddings
        self.biasedLinears = biasedLinears
        self.attentionWindow = attentionWindow
        self.beginOfText = beginOfText
        self.endOfText = endOfText
    }

    /// Width of the concatenated query heads.
    package var querySize: Int { headCount * headSize }
    /// Width of the concatenated key (or value) heads.
    package var keyValueSize: Int { keyValueHeadCount * headSize }
}
