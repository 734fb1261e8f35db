import Buffers
import Kernels
package import Transformer

/// The sequences of a generation, each at its place in the cache, and the batch of new tokens that extends them next.
package final class GenerationRoom {
    package let layout: GenerationLayout
    private let cache: KeyValueCache
    /// Tokens of each place that are in the cache, or will be when the batch has been walked.
    private var lengths: [Int]
    private var tokenCount = 0
    private var segmentCount = 0
    private var wantedCount = 0

    private let storage: AlignedStorage
    private let tokens: UnsafeMutableBufferPointer<Int32>
    private let positions: UnsafeMutableBufferPointer<Int32>
    /// −100 throughout: nothing is learned.
    private let targets: UnsafeMutableBufferPointer<Int32>
    private let segments: UnsafeMutableBufferPointer<AttentionSegment>
    /// The tokens whose logits are wanted, and the places that they stand for.
    private let wantedRows: UnsafeMutableBufferPointer<Int32>
    private let wantedPlaces: UnsafeMutableBufferPointer<Int32>

    /// - Throws: `InputError` of kind `.capacity`.
    package init(_ layout: GenerationLayout) throws {
        self.layout = layout
        cache = try KeyValueCache(layout)
        lengths = [Int](repeating: 0, count: layout.sequences)
        let tokenBytes = (layout.step.extent.tokens * 4).roundedUp(toMultipleOf: 64)
        let placeBytes = (layout.sequences * 4).roundedUp(toMultipleOf: 64)
        let segmentBytes = layout.sequences * MemoryLayout<AttentionSegment>.stride
        storage = try AlignedStorage(byteCount: 3 * tokenBytes + 2 * placeBytes + segmentBytes)
        tokens = storage.elements(count: layout.step.extent.tokens)
        positions = storage.elements(at: tokenBytes, count: layout.step.extent.tokens)
        targets = storage.elements(at: 2 * tokenBytes, count: layout.step.extent.tokens)
        wantedRows = storage.elements(at: 3 * tokenBytes, count: layout.sequences)
        wantedPlaces = storage.elements(at: 3 * tokenBytes + placeBytes, count: layout.sequences)
        segments = storage.elements(at: 3 * tokenBytes + 2 * placeBytes, count: layout.sequences)
        targets.update(repeating: KernelContext.leftOutTarget)
    }

    /// Bytes of the cache.
    package var cacheByteCount: Int { cache.byteCount }

    /// New tokens that the batch still takes.
    package var freeTokens: Int { layout.step.extent.tokens - tokenCount }

    /// Forgets the sequence at a place.
    package func clear(_ place: Int) { lengths[place] = 0 }

    /// Begins an empty batch.
    package func removeAll() {
        tokenCount = 0
        segmentCount = 0
        wantedCount = 0
    }

    /// Puts the next tokens of the sequence at `place` into the batch; once a batch for each place.
    /// - Parameter wantsLogits: whether the logits behind the last of them are wanted.
    package func append(_ ids: some Collection<Int32>, to place: Int, wantsLogits: Bool) {
        let length = lengths[place]
        precondition(!ids.isEmpty && ids.count <= freeTokens && length + ids.count <= layout.positions)
        for (offset, id) in ids.enumerated() {
            tokens[tokenCount + offset] = id
            positions[tokenCount + offset] = Int32(length + offset)
        }
        segments[segmentCount] = AttentionSegment(
            queryStart: Int32(tokenCount), queryCount: Int32(ids.count), keyStart: Int32(place * layout.positions),
            keyCount: Int32(length + ids.count), queryOffset: Int32(length))
        segmentCount += 1
        tokenCount += ids.count
        lengths[place] += ids.count
        guard wantsLogits else { return }
        wantedRows[wantedCount] = Int32(tokenCount - 1)
        wantedPlaces[wantedCount] = Int32(place)
        wantedCount += 1
    }

    /// The batch as the forward takes it; valid until the next change.
    var batch: TokenBatch {
        TokenBatch(
            tokens: UnsafeBufferPointer(rebasing: tokens[..<tokenCount]),
            positions: UnsafeBufferPointer(rebasing: positions[..<tokenCount]),
            targets: UnsafeBufferPointer(rebasing: targets[..<tokenCount]),
            segments: UnsafeBufferPointer(rebasing: segments[..<segmentCount]), cache: cache)
    }

    /// The rows of the batch whose logits are wanted, and the place of each.
    var wanted: (rows: UnsafeBufferPointer<Int32>, places: UnsafeBufferPointer<Int32>) {
        (
            UnsafeBufferPointer(rebasing: wantedRows[..<wantedCount]),
            UnsafeBufferPointer(rebasing: wantedPlaces[..<wantedCount])
        )
    }
}
