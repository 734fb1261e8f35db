import Foundation

/// A file mapped read-only into memory; all ranks of a node that map it share its pages.
package final class MemoryMap: @unchecked Sendable {
    // Sendable: the mapping is read-only and lives as long as the object.
    package let path: String
    /// Valid as long as the object lives, and a local variable may die after its last use: see `withBytes`.
    package let bytes: UnsafeRawBufferPointer

    /// Maps the whole file.
    /// - Throws: `InputError` of kind `.data` where it cannot be opened, is no regular file or cannot be mapped.
    package init(path: String) throws {
        self.path = path
        // Not blocking: a pipe is refused below, not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw InputError.notOpened(.data, path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InputError(
                .data, file: path, "is not a regular file", remedy: "name a file, not a directory, a device or a pipe")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let mapped = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw InputError(.data, file: path, "cannot be mapped: \(String(cString: strerror(errno)))")
        }
        bytes = UnsafeRawBufferPointer(start: mapped, count: count)
        MappedFiles.register(bytes, path: path)
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        MappedFiles.unregister(bytes)
        munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }

    /// Lends the bytes to `body` and keeps the mapping until it returns.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Asks the kernel to read a range ahead of its use; a hint, never an error.
    package func willNeed(_ range: Range<Int>) { advise(range, MADV_WILLNEED) }

    /// Tells the kernel that a range will not be used again soon, so that its pages need not count as ours.
    package func dontNeed(_ range: Range<Int>) { advise(range, MADV_DONTNEED) }

    private func advise(_ range: Range<Int>, _ advice: Int32) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        guard let start = bytes.baseAddress, !range.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, advice)
    }
}
