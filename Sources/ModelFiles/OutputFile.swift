import Buffers
import Foundation

/// A file that appears under its name only when it is whole: written beside it, flushed to the disk, renamed.
package enum OutputFile {
    /// Writes what `body` hands over, in its order.
    /// - Throws: `InputError` of kind `.output` where the disk refuses; nothing is left behind then.
    package static func write(
        to path: String, _ body: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let temporary = TemporaryName.beside(path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, "cannot be created") }
        var isOpen = true
        do {
            try body { try writeAll($0, to: descriptor, path: path) }
            guard fsync(descriptor) == 0 else { throw failure(path, "cannot be written") }
            isOpen = false
            guard close(descriptor) == 0 else { throw failure(path, "cannot be written") }
            guard rename(temporary, path) == 0 else { throw failure(path, "cannot be renamed into place") }
        } catch {
            if isOpen { close(descriptor) }
            unlink(temporary)
            throw error
        }
        try flushDirectory(TemporaryName.parent(of: path))
    }

    /// Writes a text file.
    package static func write(_ text: String, to path: String) throws {
        try write(to: path) { write in
            var text = text
            try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
        }
    }

    /// Makes a directory and those above it, where they are missing.
    package static func createDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                .output, file: path, "the directory cannot be created", remedy: "name one that you may write to")
        }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let written = Foundation.write(descriptor, start, min(rest.count, 1 << 30))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(path, "cannot be written") }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// A rename itself is on the disk only when the directory is.
    static func flushDirectory(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path, "cannot be written") }
    }

    /// What the system says about the call that just failed.
    static func failure(_ path: String, _ message: String) -> InputError {
        InputError(
            .output, file: path, "\(message): \(String(cString: strerror(errno)))",
            remedy: "free space on the disk or name another directory")
    }
}
