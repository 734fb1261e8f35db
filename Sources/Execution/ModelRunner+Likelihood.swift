import Kernels
package import Transformer

extension ModelRunner {
    /// The losses of each sequence of a batch, without a backward.
    package func evaluateSequences(_ batch: TokenBatch) throws -> [ExactLoss] {
        try forwardWalk(batch, dropout: nil)
        return try withHead { head in
            let losses = head.losses(batch, gradientScale: nil)
            return batch.segments.map { segment in
                let tokens = Int(segment.queryStart)..<Int(segment.queryStart + segment.queryCount)
                var loss = ExactLoss()
                loss.add(
                    UnsafeBufferPointer(rebasing: losses[tokens]),
                    targets: UnsafeBufferPointer(rebasing: batch.targets[tokens]))
                return loss
            }
        }
    }
}
