internal import Buffers
internal import Foundation

/// A file behind a descriptor.
final class LocalFile: WritableFile {
    private let path: String
    private var descriptor: Int32
    private var syncFailure: Int32?

    init(path: String, flags: Int32, doing purpose: String) throws {
        self.path = path
        descriptor = Foundation.open(path, flags, 0o666)
        if descriptor < 0 { throw InputError.notWritten(path, errno, doing: purpose) }
    }

    deinit { if descriptor >= 0 { Foundation.close(descriptor) } }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            // 64 MiB at a time: one call never exceeds the 2 GiB that the kernel takes at once.
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done..<min(done + 1 << 26, bytes.count)])
            let written = pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw InputError.notWritten(path, written < 0 ? errno : EIO, doing: "be written") }
            done += written
        }
    }

    func reserve(byteCount: Int) throws { try DiskSpace.require(byteCount, at: path, for: path) }

    func synchronize() throws {
        if syncFailure == nil, fsync(descriptor) != 0 { syncFailure = errno }
        if let syncFailure { throw InputError.notWritten(path, syncFailure, doing: "be synced") }
    }

    func close() throws {
        precondition(descriptor >= 0, "the file is closed already")
        let result = Foundation.close(descriptor)
        descriptor = -1
        if result != 0, errno != EINTR { throw InputError.notWritten(path, errno, doing: "be closed") }
    }
}
