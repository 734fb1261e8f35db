/// A run of queries and the keys that they may see: one sequence of a packed micro-batch.
///
/// The query i of a segment sees its keys j with j ≤ queryOffset + i.
package struct AttentionSegment: BitwiseCopyable, Equatable, Sendable {
    /// First row in q.
    package var queryStart: Int32
    package var queryCount: Int32
    /// First row in k and v.
    package var keyStart: Int32
    package var keyCount: Int32
    /// Position of the first query among the keys: 0 in training, the length of the cache in generation.
    package var queryOffset: Int32

    package init(queryStart: Int32, queryCount: Int32, keyStart: Int32, keyCount: Int32, queryOffset: Int32) {
        self.queryStart = queryStart
        self.queryCount = queryCount
        self.keyStart = keyStart
        self.keyCount = keyCount
        self.queryOffset = queryOffset
    }

    /// `count` rows from `start` on that see themselves and those before them.
    package init(start: Int, count: Int) {
        self.init(
            queryStart: Int32(start), queryCount: Int32(count), keyStart: Int32(start), keyCount: Int32(count),
            queryOffset: 0)
    }
}
