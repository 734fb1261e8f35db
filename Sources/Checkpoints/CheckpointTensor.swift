package import Architectures
package import Buffers

/// One quantity of a trainable tensor that a checkpoint holds whole.
package struct CheckpointTensor: Hashable, Codable, Sendable {
    package let tensor: String
    package let quantity: Quantity
    package let shape: [Int]
    package let type: ScalarType

    package init(_ key: PieceKey, shape: [Int], type: ScalarType) {
        tensor = key.tensor
        quantity = key.quantity
        self.shape = shape
        self.type = type
    }

    package var key: PieceKey { PieceKey(tensor, quantity) }

    /// Each quantity of each tensor of a logical space, as fp32.
    package static func all(of space: LogicalSpace, quantities: [Quantity] = Quantity.allCases) -> [CheckpointTensor] {
        space.tensors.flatMap { tensor in
            quantities.map { CheckpointTensor(PieceKey(tensor.name, $0), shape: tensor.shape, type: .float32) }
        }
    }
}
