import Architectures

/// What a family of models takes for granted: a row of a table, not a fork of the code.
///
/// Source: transformers 5.23.0, `configuration_*.py` and `modeling_*.py` of each family.
struct ModelFamily: Sendable {
    /// `model_type` in config.json.
    let name: String
    /// Layers that have a bias whatever the configuration says.
    var biasedLinears: Set<LinearRole> = []
    /// Keys that turn on biases, and whose.
    var biasKeys: [(key: String, linears: Set<LinearRole>)] = []
    /// Key/value heads where the key is absent; nil: as many as query heads.
    var keyValueHeadCount: Int?
    var maximumPositions: Int
    /// The window in tokens where `sliding_window` is absent; nil: the family has no such key.
    var attentionWindow: Int?
    /// Keys that must be absent, null, or one of these values.
    var demands: [(key: String, values: [Demand])] = []

    enum Demand: Sendable { case no, one }

    static let all: [ModelFamily] = [
        ModelFamily(
            name: "llama",
            biasKeys: [
                ("attention_bias", [.query, .key, .value, .attentionOutput]), ("mlp_bias", [.gate, .up, .down]),
            ],
            maximumPositions: 2048,
            demands: [("pretraining_tp", [.one])]),
        ModelFamily(name: "mistral", keyValueHeadCount: 8, maximumPositions: 131_072, attentionWindow: 4096),
        ModelFamily(
            name: "qwen2", biasedLinears: [.query, .key, .value], maximumPositions: 32768,
            demands: [("use_sliding_window", [.no])]),
    ]

    static func named(_ name: String) -> ModelFamily? { all.first { $0.name == name } }
}
