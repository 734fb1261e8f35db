/// What the backward of a block computes again from the stream before it, instead of keeping it.
///
/// Whatever it is, the same functions give the same bits.
package enum Recomputation: String, Codable, Sendable, CaseIterable {
    case nothing
    /// All up to the middle of the stream: a fifth of the operations of a forward, and most of what is left beside gate
    /// and up.
    case attention
    case everything
}
