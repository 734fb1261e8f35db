extension Architecture {
    /// The units in the order of the forward pass: embedding, blocks, head.
    package var units: [UnitID] { [.embedding] + (0..<layerCount).map(UnitID.block) + [.head] }

    /// All tensors of the base in the order of the units; a tied head is not listed again.
    package var tensors: [BaseTensor] { units.flatMap(tensors(of:)) }

    /// The tensors of one unit, in the order in which they lie in its bytes.
    package func tensors(of unit: UnitID) -> [BaseTensor] {
        switch unit {
        case .embedding:
            return [
                BaseTensor(
                    unit: unit, role: .embedding, name: "model.embed_tokens.weight",
                    shape: [vocabularySize, hiddenSize])
            ]
        case .block(let index):
            return blockTensors(index)
        case .head:
            let norm = BaseTensor(unit: unit, role: .finalNorm, name: "model.norm.weight", shape: [hiddenSize])
            if tiesEmbeddings { return [norm] }
            return [
                norm,
                BaseTensor(unit: unit, role: .head, name: "lm_head.weight", shape: [vocabularySize, hiddenSize]),
            ]
        }
    }

    private func blockTensors(_ index: Int) -> [BaseTensor] {
        let unit = UnitID.block(index)
        let prefix = "model.layers.\(index)."
        var tensors = [
            BaseTensor(unit: unit, role: .inputNorm, name: prefix + "input_layernorm.weight", shape: [hiddenSize]),
            BaseTensor(
                unit: unit, role: .postAttentionNorm, name: prefix + "post_attention_layernorm.weight",
                shape: [hiddenSize]),
        ]
        for role in LinearRole.allCases {
            tensors.append(
                BaseTensor(
                    unit: unit, role: .weight(role), name: prefix + role.modulePath + ".weight",
                    shape: [outputSize(of: role), inputSize(of: role)]))
            if biasedLinears.contains(role) {
                tensors.append(
                    BaseTensor(
                        unit: unit, role: .bias(role), name: prefix + role.modulePath + ".bias",
                        shape: [outputSize(of: role)]))
            }
        }
        return tensors
    }

    /// Number of weights of the base; a tied head counts once.
    package var parameterCount: Int { tensors.reduce(0) { $0 + $1.elementCount } }
}
