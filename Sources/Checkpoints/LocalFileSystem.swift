internal import Buffers
internal import Foundation

/// The file system of this machine.
package struct LocalFileSystem: FileSystem {
    package init() {}

    package func create(_ path: String) throws -> any WritableFile {
        try LocalFile(path: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, doing: "be created")
    }

    package func open(_ path: String) throws -> any WritableFile {
        try LocalFile(path: path, flags: O_WRONLY | O_CLOEXEC, doing: "be opened for writing")
    }

    package func createDirectory(_ path: String) throws {
        try check(mkdir(path, 0o777), path, "be created")
    }

    package func rename(_ path: String, to target: String) throws {
        try check(Foundation.rename(path, target), path, "be renamed to \(target)")
    }

    package func removeFile(_ path: String) throws { try check(unlink(path), path, "be removed") }

    package func removeDirectory(_ path: String) throws { try check(rmdir(path), path, "be removed") }

    package func synchronizeDirectory(_ path: String) throws {
        let descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(descriptor, path, "be opened")
        defer { Foundation.close(descriptor) }
        // Some network file systems cannot sync a directory and say so with EINVAL; their servers order the entries.
        if fsync(descriptor) != 0, errno != EINVAL { throw InputError.notWritten(path, errno, doing: "be synced") }
    }

    private func check(_ result: Int32, _ path: String, _ purpose: String) throws {
        if result < 0 { throw InputError.notWritten(path, errno, doing: purpose) }
    }
}
