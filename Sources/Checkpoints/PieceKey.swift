/// Which of the numbers that belong to a trainable element.
package enum Quantity: String, Codable, Sendable, CaseIterable {
    /// The parameter itself.
    case value
    /// AdamW's running mean of the gradient.
    case firstMoment
    /// AdamW's running mean of the squared gradient.
    case secondMoment
}

/// What a piece is a piece of: one quantity of one logical tensor.
package struct PieceKey: Hashable, Codable, Sendable, CustomStringConvertible {
    package let tensor: String
    package let quantity: Quantity

    package init(_ tensor: String, _ quantity: Quantity) {
        self.tensor = tensor
        self.quantity = quantity
    }

    package var description: String { "\(quantity.rawValue)/\(tensor)" }

    /// Whether the tensor's name can be a name in an HDF5 file.
    var hasUsableName: Bool {
        !tensor.isEmpty && tensor != "." && tensor.utf8.count <= 4096
            && !tensor.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 32 }
    }
}
