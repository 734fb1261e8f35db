internal import Buffers
package import Foundation

extension FileSystem {
    /// Writes a new file and brings it to the disk.
    package func writeNew(_ path: String, _ bytes: UnsafeRawBufferPointer) throws {
        let file = try create(path)
        do {
            try file.write(bytes, at: 0)
            try file.synchronize()
        } catch {
            try? file.close()
            throw error
        }
        try file.close()
    }

    /// Writes a new file and brings it to the disk.
    package func writeNew(_ path: String, _ data: Data) throws {
        try data.withUnsafeBytes { try writeNew(path, $0) }
    }

    /// Replaces a small file in one step: readers see the old or the new content.
    package func replace(_ path: String, with data: Data) throws {
        let temporary = TemporaryName.beside(path)
        do {
            try writeNew(temporary, data)
            try rename(temporary, to: path)
        } catch {
            try? removeFile(temporary)
            throw error
        }
        try synchronizeDirectory(Paths.parent(of: path))
    }

    /// Makes a directory and those above it that are missing.
    package func createDirectories(_ path: String) throws {
        guard !Paths.isDirectory(path) else { return }
        let parent = Paths.parent(of: path)
        if parent != path { try createDirectories(parent) }
        do {
            try createDirectory(path)
        } catch {
            // Another process may have been quicker, which is as good.
            guard Paths.isDirectory(path) else { throw error }
        }
    }

    /// Removes a file, or a directory and all in it; a symbolic link is removed, not followed.
    package func removeTree(_ path: String) throws {
        guard Paths.isDirectory(path), !Paths.isLink(path) else { return try removeFile(path) }
        for name in try Paths.names(in: path) { try removeTree(path + "/" + name) }
        try removeDirectory(path)
    }
}
