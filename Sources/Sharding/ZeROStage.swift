/// What of the trainable state is sharded over ranks; each stage shards what the one before it does, too.
///
/// Source: Rajbhandari et al. 2020, "ZeRO: memory optimizations toward training trillion parameter models", section 5.
package enum ZeROStage: Int, CaseIterable, Comparable, Sendable {
    /// Every rank holds all and updates all.
    case nothing
    /// A rank holds the moments of its shard alone, updates that, and sends it to the others.
    case optimizer
    /// And the sums of gradients of its shard alone: those of a unit are added over ranks as soon as they are there.
    case gradients
    /// And the parameters of its shard alone: a unit is gathered for each walk over the model.
    case parameters

    package static func < (a: ZeROStage, b: ZeROStage) -> Bool { a.rawValue < b.rawValue }
}
