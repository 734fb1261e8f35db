/// A rank that the others wait for, step after step.
package struct Straggler: Equatable, Sendable {
    package let rank: RankIdentity
    /// How much longer than the median of the others it takes per token: 1.4 is two fifths longer.
    package let ratio: Double
    /// The part of a step that the others spend waiting for it.
    package let share: Double
}
