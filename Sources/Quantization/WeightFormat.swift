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

    package static func nf4(blockSize: Int = 64, doubleQuantized: Bool = true) -> WeightFormat {
        WeightFormat(kind: .nf4, blockSize: blockSize, doubleQuantized: doubleQuantized)
    }

    private init(kind: Kind, blockSize: Int = 0, doubleQuantized: Bool = false) {
        self.kind = kind
        self.blockSize = blockSize
        self.doubleQuantized = doubleQuantized
    }

    package var isQuantized: Bool { kind == .nf4 }

    package var description: String {
        guard isQuantized else { return kind.rawValue }
        return "\(kind.rawValue), block \(blockSize)\(doubleQuantized ? ", double quantised" : "")"
    }
}
