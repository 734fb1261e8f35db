package import Kernels

/// The tokens that one forward takes: sequences laid end to end, without padding, that do not see each other.
///
/// All buffers belong to the caller. `segments` must lie in order and cover every token. In a generation the tokens are
/// new ones behind those of `cache`.
package struct TokenBatch {
    package let tokens: UnsafeBufferPointer<Int32>
    /// The position of each token in its own sequence.
    package let positions: UnsafeBufferPointer<Int32>
    /// The token that each position should predict; −100 where there is none.
    package let targets: UnsafeBufferPointer<Int32>
    /// Key rows are those of the batch, or those of `cache`.
    package let segments: UnsafeBufferPointer<AttentionSegment>
    /// Where the keys and values of earlier tokens are, and those of these tokens go; nil: there are none.
    package let cache: KeyValueCache?

    package init(
        tokens: UnsafeBufferPointer<Int32>, positions: UnsafeBufferPointer<Int32>,
        targets: UnsafeBufferPointer<Int32>, segments: UnsafeBufferPointer<AttentionSegment>,
        cache: KeyValueCache? = nil
    ) {
        precondition(tokens.count == positions.count && tokens.count == targets.count)
        self.tokens = tokens
        self.positions = positions
        self.targets = targets
        self.segments = segments
        self.cache = cache
    }

    package var count: Int { tokens.count }
}
