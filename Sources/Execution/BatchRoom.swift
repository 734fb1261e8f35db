import Buffers
package import Corpus
import Kernels
package import Transformer

/// Reusable room for the micro-batches of one rank, and the form in which the passes take them.
package final class BatchRoom {
    package let tokens: MicroBatchBuffers
    private let segments: UnsafeMutableBufferPointer<AttentionSegment>
    private let storage: AlignedStorage

    /// - Parameter tokenCapacity: most tokens of a micro-batch.
    package init(tokenCapacity: Int) throws {
        tokens = try MicroBatchBuffers(tokenCapacity: tokenCapacity)
        storage = try AlignedStorage(byteCount: tokens.segmentCapacity * MemoryLayout<AttentionSegment>.stride)
        segments = storage.elements(count: tokens.segmentCapacity)
    }

    /// The examples of a micro-batch laid end to end; valid until the next call.
    package func batch(_ microBatch: MicroBatch, of set: ExampleSet) -> TokenBatch {
        microBatch.fill(tokens, from: set)
        for (index, segment) in tokens.segments.enumerated() {
            segments[index] = AttentionSegment(
                queryStart: segment.start, queryCount: segment.count, keyStart: segment.start,
                keyCount: segment.count, queryOffset: 0)
        }
        return TokenBatch(
            tokens: tokens.tokens, positions: tokens.positions, targets: tokens.targets,
            segments: UnsafeBufferPointer(rebasing: segments[..<tokens.segmentCount]))
    }
}
