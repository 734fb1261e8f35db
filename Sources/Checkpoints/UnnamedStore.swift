internal import Buffers

/// The file of a base store while it is made: it gets its name once it is whole and on the disk, and goes otherwise.
///
/// Used by one thread at a time.
final class UnnamedStore {
    let temporary: String
    let output: any WritableFile
    private(set) var isOver = false
    private let path: String
    private let fileSystem: any FileSystem

    /// - Parameters:
    ///   - path: where the store will lie.
    ///   - temporary: where `output` lies until then.
    init(_ output: any WritableFile, at temporary: String, for path: String, fileSystem: any FileSystem) {
        self.output = output
        self.temporary = temporary
        self.path = path
        self.fileSystem = fileSystem
    }

    deinit { abandon() }

    /// Brings the file to the disk, and gives it its name, with the manifest beside it.
    /// - Parameter manifest: of the file as it lies on the disk.
    func finish(_ manifest: () throws -> BaseStoreManifest) throws -> BaseStoreManifest {
        precondition(!isOver)
        do {
            try output.synchronize()
            let manifest = try manifest()
            isOver = true
            try output.close()
            try manifest.put(temporary, at: path, fileSystem)
            return manifest
        } catch {
            if isOver { try? fileSystem.removeFile(temporary) } else { abandon() }
            throw error
        }
    }

    /// Removes what was written, unless it has its name.
    func abandon() {
        guard !isOver else { return }
        isOver = true
        try? output.close()
        try? fileSystem.removeFile(temporary)
    }
}
