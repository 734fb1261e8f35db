import Foundation
import Synchronization

/// A block of zeroed memory on a page boundary: the only place in which tensors are allocated.
///
/// The pages come from the system when they are first touched, so a large arena costs what is used of it. Every
/// allocation is counted, so that a test can state that a training step makes none.
package final class AlignedStorage: @unchecked Sendable {
    // Sendable: the pointer and the count never change; what is written through the pointer is partitioned by the
    // kernels, which write disjoint ranges, and by the phases of a step.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    private let mappedByteCount: Int

    /// How many blocks this process has allocated so far.
    package static var allocationCount: Int { counter.load(ordering: .relaxed) }
    private static let counter = Atomic<Int>(0)

    /// Bytes that this process holds in blocks now, as they were asked for.
    package static var heldByteCount: Int { held.load(ordering: .relaxed) }
    private static let held = Atomic<Int>(0)

    /// Reserves `byteCount` zeroed bytes.
    /// - Throws: `InputError` of kind `.capacity` where the system has not that much address space or memory.
    package init(byteCount: Int) throws {
        precondition(byteCount >= 0)
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // A count that cannot be rounded up is asked for as it is: the system refuses it.
        mappedByteCount = max(page, byteCount > Int.max - page ? byteCount : byteCount.roundedUp(toMultipleOf: page))
        let mapped = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw InputError(
                .capacity, "cannot reserve \(byteCount) bytes of memory",
                remedy: "lower micro_batch_size or sequence_len, or ask the scheduler for more memory")
        }
        // Panels and activations are walked in long runs: fewer TLB misses where the kernel has huge pages to give.
        if mappedByteCount >= 1 << 22 { madvise(mapped, mappedByteCount, Int32(MADV_HUGEPAGE)) }
        base = mapped
        self.byteCount = byteCount
        Self.counter.wrappingAdd(1, ordering: .relaxed)
        Self.held.wrappingAdd(byteCount, ordering: .relaxed)
    }

    deinit {
        munmap(base, mappedByteCount)
        Self.held.wrappingSubtract(byteCount, ordering: .relaxed)
    }

    /// Lends all bytes to `body` and keeps the memory until it returns; a local variable may die after its last use.
    package func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes()) }
    }

    /// The bytes `[offset, offset + byteCount)`.
    package func bytes(at offset: Int = 0, count: Int? = nil) -> UnsafeMutableRawBufferPointer {
        let count = count ?? byteCount - offset
        precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
        return UnsafeMutableRawBufferPointer(start: base + offset, count: count)
    }

    /// `count` elements of `type`, from the byte at `offset` on, which must be a multiple of the element's alignment.
    package func elements<T: BitwiseCopyable>(
        of type: T.Type = T.self, at offset: Int = 0, count: Int
    ) -> UnsafeMutableBufferPointer<T> {
        precondition(offset % MemoryLayout<T>.alignment == 0)
        return bytes(at: offset, count: count * MemoryLayout<T>.stride).bindMemory(to: T.self)
    }
}
