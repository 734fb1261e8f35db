package import Architectures

/// What the forward and backward passes know of LoRA: rank, scale, dropout, and which layers carry an adapter.
package struct AdapterSettings: Sendable, Equatable {
    package var rank: Int
    /// alpha / r, or alpha / √r for rank-stabilised LoRA.
    package var scale: Float
    /// Probability that an input of A is dropped in training.
    package var dropout: Float
    package var targets: Set<LinearRole>

    package init(rank: Int, scale: Float, dropout: Float, targets: Set<LinearRole>) {
        precondition(rank > 0 && dropout >= 0 && dropout < 1)
        self.rank = rank
        self.scale = scale
        self.dropout = dropout
        self.targets = targets
    }

    package init(_ description: AdapterDescription) {
        self.init(
            rank: description.rank, scale: description.scale, dropout: Float(description.dropout),
            targets: description.targets)
    }
}
