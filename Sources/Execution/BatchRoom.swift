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
        storage = try AlignedStorage(byteCount: Self.segmentBytes(tokens.segmentCapacity))
        segments = storage.elements(count: tokens.segmentCapacity)
    }

    /// Bytes of the room for `tokenCapacity` tokens.
    package static func byteCount(tokenCapacity: Int) -> Int {
        let segments = MicroBatchBuffers.segmentCapacity(tokenCapacity: tokenCapacity)
        return MicroBatchBuffers.byteCount(tokenCapacity: tokenCapacity) + segmentBytes(segments)
    }

    private static func segmentBytes(_ capacity: Int) -> Int { capacity * MemoryLayout<AttentionSegment>.stride }

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
