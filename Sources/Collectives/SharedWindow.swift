import Foundation

/// Zeroed memory that the ranks of a node share; one large window a node is better than many small ones.
///
/// Pages are taken when they are first touched. Nothing of it outlives the ranks, however they end.
package final class SharedWindow: @unchecked Sendable {
    // Sendable: the mapping never changes; who writes where, and when, is agreed by operations of the node.
    package let bytes: UnsafeMutableRawBufferPointer
    private let mappedByteCount: Int

    /// Maps `byteCount` bytes of the file behind `descriptor`, or memory of this process alone where it is nil.
    init(byteCount: Int, descriptor: Int32?) throws(CollectiveError) {
        precondition(byteCount >= 0)
        mappedByteCount = SharedWindow.mappedByteCount(for: byteCount)
        let flags = descriptor == nil ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED
        let mapped = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, flags, descriptor ?? -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw .sharedMemory(byteCount: byteCount, reason: String(cString: strerror(errno)))
        }
        bytes = UnsafeMutableRawBufferPointer(start: mapped, count: byteCount)
    }

    deinit { munmap(bytes.baseAddress, mappedByteCount) }

    /// Whole pages, at least one: the system maps no empty range.
    static func mappedByteCount(for byteCount: Int) -> Int {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        return max(page, (byteCount + page - 1) / page * page)
    }
}
