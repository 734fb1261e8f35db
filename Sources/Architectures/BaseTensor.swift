/// One tensor of the base: where it belongs, what it is called in Hugging Face files, and its shape.
package struct BaseTensor: Hashable, Codable, Sendable {
    package let unit: UnitID
    package let role: TensorRole
    /// Name in Hugging Face files: `model.layers.3.self_attn.q_proj.weight`.
    package let name: String
    /// [rows, columns] of a matrix, [count] of a vector; row-major.
    package let shape: [Int]

    package init(unit: UnitID, role: TensorRole, name: String, shape: [Int]) {
        self.unit = unit
        self.role = role
        self.name = name
        self.shape = shape
    }

    package var elementCount: Int { shape.reduce(1, *) }
    /// Rows of the matrix; a vector is one row.
    package var rows: Int { shape.count == 2 ? shape[0] : 1 }
    package var columns: Int { shape[shape.count - 1] }
}

/// What is gathered at once: one block, the embedding, or the head.
package enum UnitID: Hashable, Codable, Sendable, CustomStringConvertible {
    case embedding
    case block(Int)
    /// The final norm, and the head where it is not the embedding.
    case head

    /// The name under which the unit's bytes lie in a base store: `embedding`, `block.00003`, `head`.
    package var description: String {
        switch self {
        case .embedding: "embedding"
        case .block(let index): "block." + String(repeating: "0", count: max(0, 5 - "\(index)".count)) + "\(index)"
        case .head: "head"
        }
    }
}
