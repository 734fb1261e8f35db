/// A rank that the others wait for, step after step.
package struct StragglerRecord: Sendable, Equatable {
    package var rank: Int
    package var host: String
    /// How much longer than the median of the others it takes per token: 1.4 is two fifths longer.
    package var ratio: Double
    /// The part of a step that the others spend waiting for it, from 0 to 1.
    package var share: Double

    package init(rank: Int, host: String, ratio: Double, share: Double) {
        self.rank = rank
        self.host = host
        self.ratio = ratio
        self.share = share
    }
}
