/// How a weight is stored. It knows sizes, encode and decode; nothing of matmuls.
package struct WeightFormat: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The names used in job files and base stores.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case fp32, fp16, bf16
        /// 4-bit NormalFloat, as bitsandbytes stores it (Dettmers et al. 2023, QLoRA, section 3).
        case nf4
        /// 4-bit floating point, two bits of exponent and one of fraction, as bitsandbytes stores it.
        case fp4

        /// What the codes of a 4-bit kind mean; nil for kinds that hold plain numbers.
        package var codebook: Codebook? {
            switch self {
            case .nf4: .nf4
            case .fp4: .fp4
            case .fp32, .fp16, .bf16: nil
            }
        }
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
        quantized(.nf4, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }

    /// - Parameter blockSize: a power of two, at least 32.
    package static func fp4(blockSize: Int = 64, doubleQuantized: Bool = true) -> WeightFormat {
        quantized(.fp4, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }

    /// The format of a kind that has a codebook.
    package static func quantized(_ kind: Kind, blockSize: Int, doubleQuantized: Bool) -> WeightFormat {
        precondition(kind.codebook != nil)
        precondition(isBlockSize(blockSize), "a block size is a power of two, at least 32")
        return WeightFormat(kind: kind, blockSize: blockSize, doubleQuantized: doubleQuantized)
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

    package var isQuantized: Bool { kind == .nf4 || kind == .fp4 }

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
        let isSound = kind.codebook != nil ? Self.isBlockSize(blockSize) : blockSize == 0 && !doubleQuantized
        guard isSound else {
            throw DecodingError.dataCorruptedError(
                forKey: .blockSize, in: values, debugDescription: "no block size of \(kind): \(blockSize)")
        }
        self.init(kind: kind, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }
}
