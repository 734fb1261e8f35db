/// LoRA on a base: which layers carry it, its rank and its scale; no values.
package struct AdapterDescription: Codable, Equatable, Sendable {
    /// r: rows of A, columns of B.
    package var rank: Int
    package var alpha: Double
    /// Probability that an input of A is dropped in training.
    package var dropout: Double
    package var targets: Set<LinearRole>
    /// Rank-stabilised LoRA: the scale is alpha / √r instead of alpha / r.
    package var usesRankStabilizedScale: Bool
    /// What the adapter was trained on, as its configuration names it.
    package var baseModelPath: String

    package init(
        rank: Int, alpha: Double, dropout: Double = 0, targets: Set<LinearRole>, usesRankStabilizedScale: Bool = false,
        baseModelPath: String
    ) {
        precondition(rank > 0 && alpha.isFinite && dropout >= 0 && dropout < 1)
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.usesRankStabilizedScale = usesRankStabilizedScale
        self.baseModelPath = baseModelPath
    }

    /// What B·A·x is multiplied by.
    package var scale: Float {
        Float(alpha / (usesRankStabilizedScale ? Double(rank).squareRoot() : Double(rank)))
    }
}

extension Architecture {
    /// The A [r, in] and B [out, r] matrices of an adapter: block by block, by linear layer in `LinearRole`'s order, A
    /// before B. Names are those that PEFT writes.
    package func adapterTensors(_ description: AdapterDescription) -> [LogicalTensor] {
        (0..<layerCount).flatMap { layer in
            LinearRole.allCases.filter(description.targets.contains).flatMap { role in
                let module = "base_model.model.\(moduleName(of: role, inLayer: layer))"
                return [
                    LogicalTensor(
                        name: "\(module).lora_A.weight", shape: [description.rank, inputSize(of: role)],
                        unit: .block(layer), decays: true),
                    LogicalTensor(
                        name: "\(module).lora_B.weight", shape: [outputSize(of: role), description.rank],
                        unit: .block(layer), decays: true),
                ]
            }
        }
    }

    /// The Hugging Face module path of a linear layer: `model.layers.3.self_attn.q_proj`.
    package func moduleName(of role: LinearRole, inLayer layer: Int) -> String {
        "model.layers.\(layer).\(role.modulePath)"
    }
}
