/// A linear layer of a transformer block, by what it does.
package enum LinearRole: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
    case query, key, value, attentionOutput, gate, up, down

    /// Whether it is one of the four in a block's attention half.
    package var isOfAttention: Bool {
        switch self {
        case .query, .key, .value, .attentionOutput: true
        case .gate, .up, .down: false
        }
    }

    /// The last part of the layer's Hugging Face module path; what `lora_target_modules` names.
    package var moduleName: String {
        switch self {
        case .query: "q_proj"
        case .key: "k_proj"
        case .value: "v_proj"
        case .attentionOutput: "o_proj"
        case .gate: "gate_proj"
        case .up: "up_proj"
        case .down: "down_proj"
        }
    }

    /// The module path inside a block: `self_attn.q_proj`.
    package var modulePath: String {
        switch self {
        case .query, .key, .value, .attentionOutput: "self_attn.\(moduleName)"
        case .gate, .up, .down: "mlp.\(moduleName)"
        }
    }
}

extension Architecture {
    /// Input width of a block's linear layer: K, the columns of its weight.
    package func inputSize(of role: LinearRole) -> Int {
        switch role {
        case .query, .key, .value, .gate, .up: hiddenSize
        case .attentionOutput: querySize
        case .down: intermediateSize
        }
    }

    /// Output width of a block's linear layer: N, the rows of its weight.
    package func outputSize(of role: LinearRole) -> Int {
        switch role {
        case .query: querySize
        case .key, .value: keyValueSize
        case .gate, .up: intermediateSize
        case .attentionOutput, .down: hiddenSize
        }
    }
}
