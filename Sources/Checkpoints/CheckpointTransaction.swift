internal import Architectures
internal import Buffers
internal import Foundation

/// The writing of one checkpoint by all ranks: it is there whole after `commit`, and not at all before.
///
/// The coordinator begins it and sends it (it is Codable) to all ranks; each rank writes its parts and sends the
/// records to the coordinator, which commits. Where any rank fails, the coordinator abandons it, and the next try
/// writes new files: a file whose sync failed is never synced again.
package struct CheckpointTransaction: Codable, Hashable, Sendable {
    /// The directory of checkpoints, as all ranks see it.
    package let directory: String
    package let step: Int
    /// Name of the temporary directory in `directory`.
    package let temporaryName: String
    package let generation: Int

    private var temporary: String { directory + "/" + temporaryName }

    /// The coordinator's first act: cleans up after dead runs and makes the temporary directory.
    /// - Throws: `InputError` of kind `.output`.
    package static func begin(
        in directory: String, step: Int, fileSystem: any FileSystem = LocalFileSystem()
    ) throws -> CheckpointTransaction {
        try fileSystem.createDirectories(directory)
        try CheckpointDirectory.clean(directory, fileSystem)
        let newest = try CheckpointDirectory.committed(in: directory).found.first?.manifest.generation ?? 0
        let transaction = CheckpointTransaction(
            directory: directory, step: step,
            temporaryName: CheckpointDirectory.Leftover.temporary.name(step: step), generation: newest + 1)
        try fileSystem.createDirectory(transaction.temporary)
        return transaction
    }

    /// Writes and syncs the pieces of rank `part` of `count`; one file, or several where they exceed a part's limit.
    /// - Throws: `InputError` of kind `.output`.
    package func writeParts(
        _ pieces: [Piece], part: Int, of count: Int, byteLimit: Int = CheckpointPart.byteLimit,
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws -> [PartRecord] {
        precondition(part >= 0 && part < count)
        return try CheckpointPart.divide(pieces, limit: byteLimit).enumerated().map { number, members in
            let name = PartRecord.fileName(part: part, of: count, number: number)
            let built = try CheckpointPart(fileName: name, pieces: members)
            try fileSystem.writeNew(temporary + "/" + name, UnsafeRawBufferPointer(built.image.bytes()))
            return built.record
        }
    }

    /// The coordinator's last act, once it has the records of all ranks: manifest, rename, `latest`.
    ///
    /// - Returns: the path of the checkpoint.
    /// - Throws: `InputError` of kind `.output`; the checkpoint may be committed even so (`latest` is written last).
    @discardableResult
    package func commit(
        _ content: CheckpointContent, parts: [PartRecord], fileSystem: any FileSystem = LocalFileSystem()
    ) throws -> String {
        let manifest = CheckpointManifest(step: step, generation: generation, content: content, parts: parts)
        if let problem = manifest.problem { preconditionFailure("the ranks' pieces make no checkpoint: \(problem)") }
        try checkParts(parts)
        let data = try JSONText.data(manifest, pretty: true)
        let sums = manifest.sums(manifestHash: data.withUnsafeBytes { Digest.hex(of: $0) })
        try fileSystem.writeNew(temporary + "/" + CheckpointManifest.fileName, data)
        try fileSystem.writeNew(temporary + "/" + CheckpointManifest.sumsName, Data(sums.utf8))
        try fileSystem.synchronizeDirectory(temporary)
        let name = CheckpointDirectory.name(step: step)
        let target = directory + "/" + name
        let replaced = try putInPlace(target, fileSystem)
        try fileSystem.replace(directory + "/" + CheckpointDirectory.latestName, with: Data("\(name)\n".utf8))
        if let replaced { try fileSystem.removeTree(replaced) }
        return target
    }

    /// Renames the temporary directory; what has the name already goes aside first and is found again from there
    /// should we die between the two steps.
    /// - Returns: the path of what went aside.
    private func putInPlace(_ target: String, _ fileSystem: any FileSystem) throws -> String? {
        guard Paths.exists(target) else {
            try fileSystem.rename(temporary, to: target)
            try fileSystem.synchronizeDirectory(directory)
            return nil
        }
        let aside = directory + "/" + CheckpointDirectory.Leftover.replaced.name(step: step)
        try fileSystem.rename(target, to: aside)
        try fileSystem.rename(temporary, to: target)
        try fileSystem.synchronizeDirectory(directory)
        return aside
    }

    /// Whether this rank sees what all ranks wrote: it does not where the directory is local to each node.
    private func checkParts(_ parts: [PartRecord]) throws {
        for part in parts where Paths.byteCount(temporary + "/" + part.file) != part.byteCount {
            throw InputError(
                .output, file: temporary + "/" + part.file, "is not there as its rank wrote it",
                remedy: "set output_dir to a directory that all nodes share")
        }
    }

    /// Removes what was written; for the coordinator, after a failure of any rank.
    package func abandon(fileSystem: any FileSystem = LocalFileSystem()) {
        if Paths.exists(temporary) { try? fileSystem.removeTree(temporary) }
    }

    /// Removes all but the newest checkpoints in a directory: `limit` of them, but never fewer than two.
    package static func prune(
        _ directory: String, keeping limit: Int, fileSystem: any FileSystem = LocalFileSystem()
    ) throws {
        try CheckpointDirectory.prune(directory, keeping: limit, fileSystem)
    }
}
