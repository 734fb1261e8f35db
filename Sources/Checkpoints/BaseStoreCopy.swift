internal import Buffers

/// A copy of a base store as its bytes arrive; it has its name only once it is whole, verified and on the disk.
///
/// Used by one thread at a time.
package final class BaseStoreCopy {
    private let manifest: BaseStoreManifest
    private let path: String
    private let file: UnnamedStore

    /// - Parameters:
    ///   - manifest: of the store that is copied.
    ///   - path: where the copy will lie; directories that are missing are made.
    /// - Throws: `InputError` of kind `.capacity` where space is too short, `.output` where it cannot be written.
    package init(
        of manifest: BaseStoreManifest, at path: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws {
        self.manifest = manifest
        self.path = path
        let directory = Paths.parent(of: path)
        try fileSystem.createDirectories(directory)
        for stale in TemporaryName.stale(beside: path) { try? fileSystem.removeFile(stale) }
        try DiskSpace.require(manifest.fileByteCount, at: directory, for: path)
        let temporary = TemporaryName.beside(path)
        file = UnnamedStore(
            try fileSystem.create(temporary), at: temporary, for: path, fileSystem: fileSystem)
    }

    /// Whether that store lies at `path` already, every byte of it.
    package static func isThere(_ manifest: BaseStoreManifest, at path: String) -> Bool {
        guard let store = try? BaseStore(path: path), store.manifest == manifest else { return false }
        return (try? store.verify()) != nil
    }

    /// Writes the file's bytes from `offset` on.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        precondition(!file.isOver && offset >= 0 && offset + bytes.count <= manifest.fileByteCount)
        try file.output.write(bytes, at: offset)
    }

    /// Brings the copy to the disk, reads it again, compares its hashes with the manifest's, and gives it its name.
    /// - Throws: `InputError` of kind `.output`, also where the bytes are not those that the manifest describes.
    package func finish() throws {
        _ = try file.finish {
            try verify()
            return manifest
        }
    }

    private func verify() throws {
        let map = try MemoryMap(path: file.temporary)
        guard let place = map.withBytes(manifest.firstDifference) else { return }
        throw InputError(
            .output, file: path, place: place, "the copy is not what was sent",
            remedy: "the disk may be failing: check it, or choose a place on another one, and run again")
    }
}
