package import Buffers
internal import HDF5

/// Some pieces as one HDF5 file in memory: `/QUANTITY/TENSOR/START` is a dataset of the elements from START on.
package struct CheckpointPart: Sendable {
    /// A part holds no more than this many bytes of elements: its image and the copy that HDF5 works on are the only
    /// memory that a save takes, and they are used again for the next part.
    package static let byteLimit = 1 << 28

    /// Bytes that a save of so many fp32 elements takes for a while: of one part at a time, the file that HDF5 works on
    /// and its image.
    package static func workingByteCount(elements: Int) -> Int {
        2 * min(elements * ScalarType.float32.byteCount, byteLimit)
    }

    package let image: AlignedStorage
    package let record: PartRecord

    /// Builds the image; what it holds is copied from the pieces.
    package init(fileName: String, pieces: [Piece]) throws {
        let room = pieces.reduce(1 << 16) { $0 + $1.bytes.count + 8192 }
        do {
            let file = try HDF5File.createImage(name: fileName, expectedByteCount: room)
            try Self.fill(try file.root(), pieces)
            image = try file.image()
        } catch let error as HDF5Error {
            throw InputError.notWritten(error)
        }
        record = PartRecord(
            file: fileName, byteCount: image.byteCount, sha256: Digest.hex(of: UnsafeRawBufferPointer(image.bytes())),
            pieces: pieces.map { piece in
                PieceRecord(
                    tensor: piece.key.tensor, quantity: piece.key.quantity, start: piece.range.lowerBound,
                    count: piece.range.count, type: piece.type, sha256: Digest.hex(of: piece.bytes))
            })
    }

    private static func fill(_ root: borrowing HDF5Group, _ pieces: [Piece]) throws(HDF5Error) {
        for quantity in Quantity.allCases {
            let members = pieces.filter { $0.key.quantity == quantity }
            if members.isEmpty { continue }
            let group = try root.createGroup(quantity.rawValue)
            for piece in members {
                let name = piece.key.tensor
                let tensor = try group.contains(name) ? try group.group(name) : try group.createGroup(name)
                let start = "\(piece.range.lowerBound)"
                try tensor.createDataset(start, type: piece.type, shape: [piece.range.count]).write(piece.bytes)
            }
        }
    }

    /// Pieces shared out over parts in order: no part exceeds `limit` bytes, longer pieces are cut. Empty pieces go.
    package static func divide(_ pieces: [Piece], limit: Int = byteLimit) -> [[Piece]] {
        precondition(limit >= 8)
        var parts: [[Piece]] = [[]]
        var room = limit
        for piece in pieces where !piece.range.isEmpty {
            var rest = piece
            while rest.bytes.count > room {
                let fitting = room / rest.type.byteCount
                if fitting > 0 {
                    let (head, tail) = rest.divided(at: fitting)
                    parts[parts.count - 1].append(head)
                    rest = tail
                }
                parts.append([])
                room = limit
            }
            parts[parts.count - 1].append(rest)
            room -= rest.bytes.count
        }
        return parts
    }
}
