package import Buffers

/// One piece of a checkpoint as its manifest lists it.
package struct PieceRecord: Hashable, Codable, Sendable {
    package let tensor: String
    package let quantity: Quantity
    /// Row-major element numbers inside the tensor.
    package let start: Int
    package let count: Int
    package let type: ScalarType
    package let sha256: String

    package var key: PieceKey { PieceKey(tensor, quantity) }
    /// Name of its dataset in the group `/QUANTITY/TENSOR` of its part.
    var datasetName: String { "\(start)" }
}

/// One file of a checkpoint as its manifest lists it.
package struct PartRecord: Hashable, Codable, Sendable {
    /// `part-00003-of-00008.h5`; further files of the same rank have a number before the ending.
    package let file: String
    package let byteCount: Int
    package let sha256: String
    package let pieces: [PieceRecord]

    static func fileName(part: Int, of count: Int, number: Int) -> String {
        func padded(_ number: Int) -> String {
            String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
        }
        return "part-\(padded(part))-of-\(padded(count))" + (number == 0 ? ".h5" : ".\(padded(number)).h5")
    }

    /// Whether the file's name is one of ours; it comes from a manifest that may be anybody's.
    var hasUsableName: Bool {
        file.hasPrefix("part-") && file.hasSuffix(".h5") && file.utf8.count <= 64
            && file.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }
}
