import Architectures
package import Buffers
import Sharding
package import Transformer

extension ModelRunner {
    /// The losses of one micro-batch, without a backward.
    package func evaluateMicroBatch(_ batch: TokenBatch) throws -> ExactLoss {
        frozen?.begin(forwardOrder)
        try forwardWalk(batch, dropout: nil)
        var loss = ExactLoss()
        try withHead { loss.add($0.losses(batch, gradientScale: nil), targets: batch.targets) }
        return loss
    }

    /// What a rank without a micro-batch does in a round of an evaluation.
    package func accompanyEvaluation() throws {
        frozen?.begin(forwardOrder)
        try accompanyForward(then: nil)
    }

    /// Hands out the logits [rows, V] of a batch, some rows at a time.
    package func logits(_ batch: TokenBatch, _ body: (Range<Int>, Matrix) throws -> Void) throws {
        frozen?.begin(forwardOrder)
        try forwardWalk(batch, dropout: nil)
        try withHead { try $0.forEachLogits(batch, body) }
    }

    /// The stream [M, H] before block `index`, or after the final norm for `index == layerCount`, of the batch that was
    /// walked last; for comparing with reference implementations. Needs a layout that keeps the stream.
    package func hiddenStates(_ index: Int, of batch: TokenBatch) throws -> Matrix {
        if index == architecture.layerCount { return try withHead { $0.finalNormed(batch) } }
        precondition(!activations.layout.extent.inferenceOnly)
        return activations.matrix(activations.layout.stream(index), rows: batch.count)
    }
}
