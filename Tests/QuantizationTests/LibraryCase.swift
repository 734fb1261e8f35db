import Foundation
import Testing

/// What bitsandbytes 0.50.2 makes of generated values, on one thread: hashes of its outputs.
struct LibraryCase: Decodable, CustomStringConvertible {
    /// How the values are made: over several magnitudes, all zero, or subnormal.
    enum Kind: String, Decodable { case spread, zeros, tiny }

    let kind: Kind
    let seed: UInt64
    let count: Int
    let blockSize: Int
    let doubleQuantized: Bool
    let codes, scales, nestedScales, offset: String

    /// All cases of one of the files that make_library.py writes.
    static func all(_ file: String) throws -> [LibraryCase] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(file)", withExtension: "json"))
        return try JSONDecoder().decode([LibraryCase].self, from: Data(contentsOf: url))
    }

    var values: [Float] {
        var state = seed
        return (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Float(Int(state >> 40) - 1 << 23) * 0x1p-23
            switch kind {
            case .spread: return value * Float(sign: .plus, exponent: -(index >> 7) % 5, significand: 1)
            case .zeros: return 0
            case .tiny: return Float(Double(value) * 0x1p-133)
            }
        }
    }

    var description: String { "\(count) values, \(kind), block \(blockSize)\(doubleQuantized ? ", double" : "")" }
}

/// FNV-1a, as the generator of the cases computed it.
func fingerprint(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
