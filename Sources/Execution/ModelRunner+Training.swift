import Kernels
import Architectures
package import Sharding
package import Transformer

extension ModelRunner {
    /// Forward, loss and backward of one micro-batch; its gradients are added to `sums`.
    ///
    /// - Parameters:
    ///   - gradientScale: 1/T, T the target tokens of the whole step over all ranks.
    ///   - limit: the largest magnitude of a gradient that may be added (`ExactGradientSum.limit`).
    /// - Returns: the losses, and whether every gradient could be added.
    package func trainMicroBatch(
        _ batch: TokenBatch, gradientScale: Float, dropout: DropoutKey?, sums: ExactGradientSum, limit: Float
    ) throws -> (loss: ExactLoss, inRange: Bool) {
        try timed("forward") { try forwardWalk(batch, dropout: dropout) }
        var loss = ExactLoss()
        timed("head and loss") {
            withHead { loss.add($0.losses(batch, gradientScale: gradientScale), targets: batch.targets) }
        }
        let inRange = try backwardWalk(batch, dropout: dropout, sums: sums, limit: limit)
        return (loss, inRange)
    }

    /// What a rank without a micro-batch does in a round: it gives its shards to the others' walks.
    package func accompanyTraining() throws {
        try walk(Array(blockIndices))
        try walk(blockIndices.reversed())
    }

    func forwardWalk(_ batch: TokenBatch, dropout: DropoutKey?) throws {
        embed(batch)
        for index in blockIndices {
            try withBlock(index, dropout: dropout, then: nextForward(index)) { $0.forward(batch) }
        }
    }

    private func backwardWalk(
        _ batch: TokenBatch, dropout: DropoutKey?, sums: ExactGradientSum, limit: Float
    ) throws -> Bool {
        guard let gradients, let settings = activations.layout.adapter else { return true }
        var inRange = true
        for index in blockIndices.reversed() {
            let unit = UnitID.block(index)
            let values = gradients.values(of: unit)
            let matrices = architecture.adapterMatrices(in: values, settings: settings)
            try withBlock(index, dropout: dropout, then: index > 0 ? .block(index - 1) : nil) { block in
                // The last block's slots still hold what its forward wrote, also where all blocks share them.
                if activations.layout.extent.checkpointing, index != architecture.layerCount - 1 {
                    timed("recomputation") { block.recompute(batch) }
                }
                timed("backward") { block.backward(batch, gradients: matrices, propagates: index > 0) }
            }
            let fits = timed("exact sums") {
                context.addFixedPoint(UnsafeBufferPointer(values), into: sums.sums(of: unit), limit: limit)
            }
            inRange = inRange && fits
        }
        return inRange
    }

    /// Acquires and releases in the order of a walk, without computing.
    func walk(_ order: [Int]) throws {
        guard let trainables else { return }
        for (place, index) in order.enumerated() {
            _ = try trainables.acquire(.block(index))
            if place + 1 < order.count { trainables.prefetch(.block(order[place + 1])) }
            trainables.release(.block(index))
        }
    }

    private func nextForward(_ index: Int) -> UnitID? {
        index + 1 < architecture.layerCount ? .block(index + 1) : nil
    }
}
