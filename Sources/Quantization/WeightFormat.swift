/// How a weight is stored. It knows sizes, encode and decode; nothing of matmuls.
package struct WeightFormat: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The names used in job files and base stores.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case fp32, fp16, bf16
        /// 4-bit NormalFloat, as bitsandbytes stores it (Dettmers et al. 2023, QLoRA, section 3).
        case nf4
    }

    package let kind: Kind
    /// Consecutive elements of the row-major tensor that share a scale; 0 where the kind has no scales.
    package let blockSize: Int
    /// The scales themselves are stored in 8 bits, in blocks of `nestedBlockSize`, around their mean.
    package let doubleQuantized: Bool

    /// Scales that share one scale of the second level; fixed by bitsandbytes.
    package static let nestedBlockSize = 256

    package static let fp32 = WeightFormat(kind: .fp32)
    package static let fp16 = WeightFormat(kind: .fp16)
    package static let bf16 = WeightFormat(kind: .bf16)

    /// - Parameter blockSize: a power of two, at least 32.
    package static func nf4(blockSize: Int = 64, doubleQuantized: Bool = true) -> WeightFormat {
        precondition(isBlockSize(blockSize), "a block size is a power of two, at least 32")
        return WeightFormat(kind: .nf4, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }

    private init(kind: Kind, blockSize: Int = 0, doubleQuantized: Bool = false) {
        self.kind = kind
        self.blockSize = blockSize
        self.doubleQuantized = doubleQuantized
    }

    /// Whether blocks of `size` elements exist: powers of two from 32 to 2²⁰.
    package static func isBlockSize(_ size: Int) -> Bool {
        size >= 32 && size <= 1 << 20 && size & (size - 1) == 0
    }

    package var isQuantized: Bool { kind == .nf4 }

    package var description: String {
        guard isQuantized else { return kind.rawValue }
        return "\(kind.rawValue), block \(blockSize)\(doubleQuantized ? ", double quantised" : "")"
    }
}

extension WeightFormat {
    private enum CodingKeys: String, CodingKey { case kind, blockSize, doubleQuantized }

    /// Reads a format from a file, which may hold anything.
    /// - Throws: `DecodingError` where the kind is unknown or the block size does not exist.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try values.decode(Kind.self, forKey: .kind)
        let blockSize = try values.decode(Int.self, forKey: .blockSize)
        let doubleQuantized = try values.decode(Bool.self, forKey: .doubleQuantized)
        let isSound = kind == .nf4 ? Self.isBlockSize(blockSize) : blockSize == 0 && !doubleQuantized
        guard isSound else {
            throw DecodingError.dataCorruptedError(
                forKey: .blockSize, in: values, debugDescription: "no block size of \(kind): \(blockSize)")
        }
        self.init(kind: kind, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }
}
