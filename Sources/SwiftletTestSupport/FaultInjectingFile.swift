internal import Buffers
internal import Checkpoints
internal import Foundation

/// A file of a `FaultInjectingFileSystem`.
final class FaultInjectingFile: WritableFile {
    private let path: String
    private let file: any WritableFile
    private let fileSystem: FaultInjectingFileSystem

    init(path: String, file: any WritableFile, fileSystem: FaultInjectingFileSystem) {
        self.path = path
        self.file = file
        self.fileSystem = fileSystem
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try fileSystem.begin {
            _ = fileSystem.willWrite(bytes.count, to: path)
            try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), at: offset)
        }
        let fitting = fileSystem.willWrite(bytes.count, to: path)
        try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<fitting]), at: offset)
        if fitting < bytes.count { throw InputError.notWritten(path, ENOSPC, doing: "be written") }
    }

    func reserve(byteCount: Int) throws {
        try fileSystem.begin()
        try file.reserve(byteCount: byteCount)
    }

    func synchronize() throws {
        try fileSystem.begin()
        try fileSystem.countSync(path)
        try file.synchronize()
        fileSystem.didSync(path)
    }

    /// Closing is no operation of its own: a crash there is the crash before the next one.
    func close() throws { try file.close() }
}
