import Buffers

/// Memory for one micro-batch, allocated once and filled again for every other.
package final class MicroBatchBuffers {
    package let tokenCapacity: Int
    package let segmentCapacity: Int
    package private(set) var count = 0
    package private(set) var segmentCount = 0

    private let storage: AlignedStorage
    private let tokenRoom: UnsafeMutableBufferPointer<Int32>
    private let positionRoom: UnsafeMutableBufferPointer<Int32>
    private let targetRoom: UnsafeMutableBufferPointer<Int32>
    private let segmentRoom: UnsafeMutableBufferPointer<Segment>

    /// A run of tokens that see each other and nothing else.
    package struct Segment: BitwiseCopyable, Equatable, Sendable {
        package var start: Int32
        package var count: Int32
    }

    /// Room for `tokenCapacity` tokens; a segment has two tokens at least.
    /// - Throws: `InputError` of kind `.capacity`.
    package init(tokenCapacity: Int) throws {
        precondition(tokenCapacity > 0 && tokenCapacity <= Int(Int32.max))
        self.tokenCapacity = tokenCapacity
        segmentCapacity = Self.segmentCapacity(tokenCapacity: tokenCapacity)
        let stride = Self.stride(tokenCapacity)
        storage = try AlignedStorage(byteCount: Self.byteCount(tokenCapacity: tokenCapacity))
        tokenRoom = storage.elements(count: tokenCapacity)
        positionRoom = storage.elements(at: stride, count: tokenCapacity)
        targetRoom = storage.elements(at: stride * 2, count: tokenCapacity)
        segmentRoom = storage.elements(at: stride * 3, count: segmentCapacity)
    }

    package static func segmentCapacity(tokenCapacity: Int) -> Int { max(1, tokenCapacity / 2) }

    /// Bytes of the buffers for `tokenCapacity` tokens.
    package static func byteCount(tokenCapacity: Int) -> Int {
        stride(tokenCapacity) * 3 + segmentCapacity(tokenCapacity: tokenCapacity) * MemoryLayout<Segment>.stride
    }

    private static func stride(_ tokenCapacity: Int) -> Int { (tokenCapacity * 4).roundedUp(toMultipleOf: 64) }

    package var tokens: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(rebasing: tokenRoom[..<count]) }
    /// The position of each token in its segment, from 0.
    package var positions: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(rebasing: positionRoom[..<count]) }
    /// What each position predicts: the label of the next in its segment; −100 where there is none.
    package var targets: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(rebasing: targetRoom[..<count]) }
    package var segments: UnsafeBufferPointer<Segment> { UnsafeBufferPointer(rebasing: segmentRoom[..<segmentCount]) }

    func removeAll() {
        count = 0
        segmentCount = 0
    }

    func append(_ index: Int, of set: ExampleSet) {
        let length = set.length(of: index)
        let start = set.starts[index]
        precondition(count + length <= tokenCapacity && segmentCount < segmentCapacity)
        for offset in 0..<length {
            let next = offset + 1 < length ? set.labels[start + offset + 1] : ExampleSet.ignored
            tokenRoom[count + offset] = set.ids[start + offset]
            positionRoom[count + offset] = Int32(offset)
            targetRoom[count + offset] = next
        }
        segmentRoom[segmentCount] = Segment(start: Int32(count), count: Int32(length))
        count += length
        segmentCount += 1
    }
}
