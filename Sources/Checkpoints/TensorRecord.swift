internal import Architectures
package import Buffers
package import Quantization

/// One tensor of a base store: its name, meaning, format and place.
package struct TensorRecord: Codable, Equatable, Sendable {
    package let name: String
    package let unit: String
    /// `embedding`, `inputNorm`, `weight.query`, `bias.key` …
    package let role: String
    package let shape: [Int]
    package let format: WeightFormat
    /// First byte, counted from the unit's first; a multiple of 64.
    package let offset: Int
    /// Bytes, padding between the parts included; a multiple of 64.
    package let byteCount: Int
    /// Offsets are counted from the tensor's first byte.
    package let parts: [Part]

    /// A run of bytes of the tensor, as `PartLayout` says.
    package struct Part: Codable, Equatable, Sendable {
        package let part: TensorPart
        package let type: ScalarType
        package let count: Int
        package let offset: Int
    }

    init(_ tensor: BaseTensor, format: WeightFormat, offset: Int) {
        name = tensor.name
        unit = tensor.unit.description
        role = tensor.role.label
        shape = tensor.shape
        self.format = format
        self.offset = offset
        byteCount = format.byteCount(elementCount: tensor.elementCount)
        parts = format.parts(elementCount: tensor.elementCount).map {
            Part(part: $0.part, type: $0.type, count: $0.count, offset: $0.offset)
        }
    }
}

extension TensorRole {
    /// The role as one word for people and scripts.
    fileprivate var label: String {
        switch self {
        case .embedding: "embedding"
        case .inputNorm: "inputNorm"
        case .postAttentionNorm: "postAttentionNorm"
        case .weight(let linear): "weight.\(linear.rawValue)"
        case .bias(let linear): "bias.\(linear.rawValue)"
        case .finalNorm: "finalNorm"
        case .head: "head"
        }
    }
}
