internal import Buffers
internal import Synchronization

/// A committed checkpoint, read by logical range: any number of ranks can read what any other number wrote.
package final class CheckpointReader: Sendable {
    /// When the parts are compared with their hashes.
    package enum Verification: Sendable {
        /// All of them at once.
        case now
        /// Each before something of it is first read: a rank then touches only what it needs.
        case onUse
    }

    package let directory: String
    package let manifest: CheckpointManifest
    private let tensors: [PieceKey: CheckpointTensor]
    /// The records of each key's pieces in order, and the part in which each lies.
    private let pieces: [PieceKey: [(record: PieceRecord, part: Int)]]
    private let open = Mutex<[Int: OpenPart]>([:])

    package var step: Int { manifest.step }

    /// Opens a checkpoint: manifest, sizes of the parts, and that every element is there exactly once.
    /// - Throws: `InputError` of kind `.data`.
    package init(directory: String, verification: Verification = .now) throws {
        self.directory = directory
        let manifest = try CheckpointManifest.read(in: directory)
        self.manifest = manifest
        tensors = Dictionary(uniqueKeysWithValues: manifest.tensors.map { ($0.key, $0) })
        pieces = Dictionary(
            grouping: manifest.parts.indices.flatMap { part in
                manifest.parts[part].pieces.map { (record: $0, part: part) }
            }, by: \.record.key
        ).mapValues { $0.sorted { $0.record.start < $1.record.start } }
        let named = CheckpointDirectory.step(of: Paths.name(of: directory))
        guard named == nil || named == manifest.step else {
            throw InputError(
                .data, file: directory, "is named for another step than its manifest's \(manifest.step)",
                remedy: CheckpointManifest.remedy)
        }
        for part in manifest.parts where Paths.byteCount(directory + "/" + part.file) != part.byteCount {
            throw InputError(
                .data, file: directory + "/" + part.file, "does not have \(part.byteCount) bytes",
                remedy: CheckpointManifest.remedy)
        }
        if verification == .now { try verify() }
    }

    /// Compares all parts with their hashes.
    package func verify() throws { for part in manifest.parts.indices { _ = try openPart(part) } }

    /// The newest whole checkpoint in a directory, nil where there is none, and a warning for each that is damaged.
    package static func latest(
        in directory: String, verification: Verification = .now
    ) throws -> (checkpoint: CheckpointReader?, warnings: [String]) {
        let committed = try CheckpointDirectory.committed(in: directory)
        var warnings = committed.warnings
        for (path, _) in committed.found {
            do {
                return (try CheckpointReader(directory: path, verification: verification), warnings)
            } catch let error as InputError {
                warnings.append("\(error)")
            }
        }
        return (nil, warnings)
    }

    /// What the checkpoint holds under a key; nil where that is nothing.
    package func tensor(_ key: PieceKey) -> CheckpointTensor? { tensors[key] }

    /// Copies elements `range` of a tensor into `buffer`, which has exactly their bytes.
    /// - Throws: `InputError` of kind `.data` where the checkpoint lacks them or a part is damaged.
    package func read(_ key: PieceKey, range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        if range.isEmpty { return }
        let members = pieces[key] ?? []
        guard let last = members.last?.record, range.lowerBound >= 0, range.upperBound <= last.start + last.count else {
            throw InputError(
                .data, file: directory, place: "\(key)", "has no elements \(range.lowerBound)..<\(range.upperBound)",
                remedy: "resume with the job that wrote the checkpoint")
        }
        let width = last.type.byteCount
        precondition(buffer.count == range.count * width)
        for (record, part) in members {
            let overlap = (record.start..<record.start + record.count).clamped(to: range)
            if overlap.isEmpty { continue }
            let bytes = try openPart(part).bytes(of: record)
            let source = (overlap.lowerBound - record.start) * width..<(overlap.upperBound - record.start) * width
            let target =
                (overlap.lowerBound - range.lowerBound) * width..<(overlap.upperBound - range.lowerBound) * width
            UnsafeMutableRawBufferPointer(rebasing: buffer[target])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[source]))
        }
    }

    private func openPart(_ index: Int) throws -> OpenPart {
        try open.withLock { parts in
            if let part = parts[index] { return part }
            let part = try OpenPart(directory: directory, record: manifest.parts[index])
            parts[index] = part
            return part
        }
    }
}
