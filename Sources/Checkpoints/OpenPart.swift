internal import Buffers
internal import HDF5

/// A part of a checkpoint whose hash is right, mapped into memory.
final class OpenPart: Sendable {
    private let map: MemoryMap
    /// First byte of each piece.
    private let offsets: [PieceRecord: Int]

    /// Checks size and hash before HDF5 sees the file, then that every piece lies in it as the record says.
    init(directory: String, record: PartRecord) throws {
        let path = directory + "/" + record.file
        map = try MemoryMap(path: path)
        func refuse(_ message: String) -> InputError {
            InputError(.data, file: path, message, remedy: CheckpointManifest.remedy)
        }
        guard map.bytes.count == record.byteCount else {
            throw refuse("has \(map.bytes.count) bytes instead of \(record.byteCount)")
        }
        guard Digest.hex(of: map.bytes) == record.sha256 else {
            throw refuse("is damaged: its hash is not the manifest's")
        }
        do {
            offsets = try Self.offsets(path, record)
        } catch {
            throw InputError.unreadable(error, remedy: CheckpointManifest.remedy)
        }
        for (piece, offset) in offsets {
            guard let end = Checked.sum(offset, piece.count * piece.type.byteCount), end <= map.bytes.count else {
                throw refuse("\(piece.key) reaches beyond the end of the file")
            }
        }
    }

    private static func offsets(_ path: String, _ record: PartRecord) throws(HDF5Error) -> [PieceRecord: Int] {
        let file = try HDF5File.open(path: path)
        let root = try file.root()
        var offsets: [PieceRecord: Int] = [:]
        for piece in record.pieces {
            let dataset = try root.group(piece.quantity.rawValue).group(piece.tensor).dataset(piece.datasetName)
            guard try dataset.shape() == [piece.count], try dataset.scalarType() == piece.type,
                let offset = try dataset.fileOffset()
            else {
                throw HDF5Error(file: path, place: dataset.path, "does not hold what the manifest says")
            }
            offsets[piece] = offset
        }
        return offsets
    }

    /// The elements of a piece.
    func bytes(of piece: PieceRecord) -> UnsafeRawBufferPointer {
        guard let offset = offsets[piece] else { preconditionFailure("the piece lies in another part") }
        return UnsafeRawBufferPointer(rebasing: map.bytes[offset..<offset + piece.count * piece.type.byteCount])
    }
}
