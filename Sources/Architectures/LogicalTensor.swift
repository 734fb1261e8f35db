/// One trainable tensor by name and shape, whatever the number of ranks that hold it.
///
/// A trainable set is a list of these, laid end to end in one flat *logical space*; adapters give A and B matrices,
/// full fine-tuning the base's own tensors (a tied embedding once).
package struct LogicalTensor: Hashable, Codable, Sendable {
    /// Name in the files that leave the program: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
    package let name: String
    package let shape: [Int]
    /// The unit that uses it; tensors of one unit are neighbours in the logical space.
    package let unit: UnitID
    /// Whether weight decay applies to it.
    package let decays: Bool

    package init(name: String, shape: [Int], unit: UnitID, decays: Bool) {
        self.name = name
        self.shape = shape
        self.unit = unit
        self.decays = decays
    }

    package var elementCount: Int { shape.reduce(1, *) }
}

extension Architecture {
    /// All tensors of the model as what full fine-tuning trains, in the order of the units; a tied head counts once.
    /// Weight decay applies to matrices, not to norms and biases, as transformers' Trainer has it.
    package var trainableTensors: [LogicalTensor] {
        tensors.map { LogicalTensor(name: $0.name, shape: $0.shape, unit: $0.unit, decays: $0.shape.count == 2) }
    }
}

/// A run of elements of one logical tensor: what is persisted, sharded and streamed refers to these, never to ranks.
package struct LogicalRange: Hashable, Codable, Sendable {
    package let tensor: String
    /// Row-major element numbers inside the tensor.
    package let start: Int
    package let count: Int

    package init(tensor: String, start: Int, count: Int) {
        precondition(start >= 0 && count >= 0)
        self.tensor = tensor
        self.start = start
        self.count = count
    }

    package var end: Int { start + count }
}
