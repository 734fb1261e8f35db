import Sharding

/// The weights of a unit while they are lent to a walk.
struct LentWeights {
    /// The frozen part; nil where everything is trained.
    let base: LentUnit?
    /// The trained part: the unit's adapters, or all of its tensors; nil where nothing is trained.
    let values: UnsafeMutableBufferPointer<Float>?

    /// All tensors of a unit that is trained whole.
    var trained: UnsafeMutableBufferPointer<Float> {
        guard let values else { preconditionFailure("a unit is neither frozen nor trained") }
        return values
    }
}
