import Buffers
import CKernels
import Foundation

/// An instruction set and a thread pool: what every kernel is called on. A rank has one.
///
/// Operations return when they are done, use all threads, and give the same bits on any instruction set and any number
/// of threads. They allocate nothing but scratch memory, which grows at first use (`reserveScratch` does it before).
/// Wrong shapes trap. Only one operation runs at a time; a second caller waits.
package final class KernelContext: @unchecked Sendable {
    // Sendable: the handle never changes, and what it points to is used under its own lock only (see `run`).
    private let handle: OpaquePointer
    package let threads: Int
    package let instructionSet: InstructionSet

    /// The environment variable that limits `instructionSet` where none is asked for.
    package static let environmentVariable = "SWIFTLET_ISA"

    /// - Parameters:
    ///   - threads: how many threads work, the calling one included.
    ///   - instructionSet: nil: the one that SWIFTLET_ISA names, else the best of this CPU.
    /// - Throws: `InputError` of kind `.usage` where this CPU has not the instruction set asked for, of kind
    ///   `.capacity` where threads or memory cannot be had.
    package init(threads: Int, instructionSet: InstructionSet? = nil) throws {
        precondition(threads >= 1)
        let chosen = try instructionSet ?? Self.fromEnvironment() ?? InstructionSet.supported.last ?? .portable
        guard chosen.isSupported else {
            throw InputError(
                .usage, "this CPU cannot run the instruction set '\(chosen.rawValue)'",
                remedy: "choose one of \(InstructionSet.supported.map(\.rawValue).joined(separator: ", "))")
        }
        guard let handle = sk_context_create(Int32(threads), chosen.native) else {
            throw InputError(.capacity, "cannot start \(threads) threads", remedy: "lower threads")
        }
        self.handle = handle
        self.threads = threads
        self.instructionSet = chosen
    }

    deinit { sk_context_destroy(handle) }

    private static func fromEnvironment() throws -> InstructionSet? {
        guard let name = ProcessInfo.processInfo.environment[environmentVariable], !name.isEmpty else { return nil }
        guard let chosen = InstructionSet(rawValue: name) else {
            throw InputError(
                .usage, "\(environmentVariable)='\(name)' is no instruction set",
                remedy: "use one of \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return chosen
    }

    /// Runs one operation, alone.
    func run<Result>(_ operation: (OpaquePointer) -> Result) -> Result {
        sk_context_lock(handle)
        defer { sk_context_unlock(handle) }
        return operation(handle)
    }

    /// Bytes of scratch memory that products and attention need in all, for segments of up to `longestSegment` keys.
    package func scratchByteCount(longestSegment: Int, headSize: Int) -> Int {
        let needed = needed(longestSegment: longestSegment, headSize: headSize)
        return Int(sk_scratch_size(Int64(needed.shared))) + threads * Int(sk_scratch_size(Int64(needed.perThread)))
    }

    /// Grows the scratch memory now, so that no later product or attention within these sizes allocates.
    /// - Throws: `InputError` of kind `.capacity`.
    package func reserveScratch(longestSegment: Int, headSize: Int) throws {
        let needed = needed(longestSegment: longestSegment, headSize: headSize)
        guard run({ sk_context_reserve($0, Int64(needed.shared), Int64(needed.perThread)) }) else {
            throw InputError(
                .capacity, "cannot reserve \(needed.shared + threads * needed.perThread) bytes of scratch memory",
                remedy: "lower sequence_len or threads")
        }
    }

    private func needed(longestSegment: Int, headSize: Int) -> (shared: Int, perThread: Int) {
        precondition(longestSegment >= 0 && headSize > 0)
        let attention = Int(sk_attention_scratch(handle, Int64(longestSegment), Int64(headSize)))
        let product = [sk_matmul_thread_scratch(handle), sk_int8_thread_scratch(), sk_bf16_thread_scratch()]
        let shared = [sk_matmul_shared_scratch(handle), sk_int8_shared_scratch(), sk_bf16_shared_scratch()]
        return (Int(shared.max() ?? 0), max(attention, Int(product.max() ?? 0)))
    }

    /// Maps the pages of `bytes`, which lie in a mapped file: a prefetch inside an operation does not, and threads that
    /// wait for pages in the order of a product wait long.
    package func touch(_ bytes: UnsafeRawBufferPointer) {
        run { sk_touch($0, bytes.baseAddress, Int64(bytes.count)) }
    }

    /// Bytes of scratch memory that are held now.
    package var scratchByteCount: Int { run { Int(sk_context_scratch($0)) } }
}
