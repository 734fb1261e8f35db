import Architectures
import Buffers
import Kernels
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
        frozen?.begin(trainingOrder)
        try timed("forward") { try forwardWalk(batch, dropout: dropout) }
        var loss = ExactLoss()
        var inRange = try timed("head and loss") {
            try headPass(batch, gradientScale: gradientScale, loss: &loss, sums: sums, limit: limit)
        }
        if try !backwardWalk(batch, dropout: dropout, sums: sums, limit: limit) { inRange = false }
        if try !timed("embedding", { try embeddingPass(batch, sums: sums, limit: limit) }) { inRange = false }
        return (loss, inRange)
    }

    /// How many addends one micro-batch gives to an element of `ExactGradientSum`, at most: an embedding that is tied
    /// to the head gets a gradient from both ends of the model.
    package var addendsPerMicroBatch: Int { trainsEverything && architecture.tiesEmbeddings ? 2 : 1 }

    /// What a rank without a micro-batch does in a round: it gives its shards to the others' walks, and takes its part
    /// of their gradients.
    package func accompanyTraining(sums: ExactGradientSum) throws {
        frozen?.begin(trainingOrder)
        try accompanyForward(then: lastBlock)
        if trainsEverything {
            try sums.join(.head)
            if architecture.tiesEmbeddings { try sums.join(.embedding) }
        }
        for index in blockIndices.reversed() {
            try lend(.block(index), then: nextBackward(index)) { _ in }
            try sums.join(.block(index))
        }
        if trainsEverything { try sums.join(.embedding) }
    }

    /// The walk of a forward without computing.
    func accompanyForward(then next: UnitID?) throws {
        try lend(.embedding, then: nextForward(nil)) { _ in }
        for index in blockIndices { try lend(.block(index), then: nextForward(index)) { _ in } }
        try lendHead(then: next) { _, _ in }
    }

    func forwardWalk(_ batch: TokenBatch, dropout: DropoutKey?) throws {
        try embed(batch)
        for index in blockIndices {
            try withBlock(index, dropout: dropout, then: nextForward(index)) { $0.forward(batch) }
        }
    }

    private var trainsEverything: Bool { frozen == nil }
    private var lastBlock: UnitID? { nextBackward(architecture.layerCount) }

    private func nextBackward(_ index: Int) -> UnitID? { index > 0 ? .block(index - 1) : nil }

    /// The losses, the gradient of the stream, and those of norm and head where they are trained.
    private func headPass(
        _ batch: TokenBatch, gradientScale: Float, loss: inout ExactLoss, sums: ExactGradientSum, limit: Float
    ) throws -> Bool {
        var tensors: HeadTensors?
        if trainsEverything, let gradients {
            let tied =
                architecture.tiesEmbeddings
                ? architecture.embeddingTensor(in: gradients.values(of: .embedding, behind: .head)) : nil
            tensors = architecture.headTensors(in: gradients.values(of: .head), embedding: tied)
        }
        try withHead(then: lastBlock) {
            loss.add(
                $0.losses(batch, gradientScale: gradientScale, gradients: tensors), targets: batch.targets)
        }
        guard let tensors, let gradients else { return true }
        var inRange = try add(gradients.values(of: .head), of: .head, to: sums, limit: limit)
        if architecture.tiesEmbeddings {
            // The other end adds to the same sums, as an addend of its own: integers have no order.
            if try !add(tensors.weight.elements, of: .embedding, to: sums, limit: limit) { inRange = false }
        }
        return inRange
    }

    /// The gradient of the embedding from that of the stream, where it is trained.
    private func embeddingPass(_ batch: TokenBatch, sums: ExactGradientSum, limit: Float) throws -> Bool {
        guard trainsEverything, let gradients else { return true }
        let values = gradients.values(of: .embedding)
        context.fill(values, with: 0)
        context.embedGradient(
            batch.tokens, activations.matrix(activations.layout.scratch.streamGradient, rows: batch.count),
            into: architecture.embeddingTensor(in: values))
        return try add(values, of: .embedding, to: sums, limit: limit)
    }

    private func backwardWalk(
        _ batch: TokenBatch, dropout: DropoutKey?, sums: ExactGradientSum, limit: Float
    ) throws -> Bool {
        guard let gradients else { return true }
        var inRange = true
        for index in blockIndices.reversed() {
            let unit = UnitID.block(index)
            let values = gradients.values(of: unit)
            try withBlock(index, dropout: dropout, then: nextBackward(index)) { block in
                // The last block's slots still hold what its forward wrote, also where all blocks share them.
                if activations.layout.extent.recomputation != .nothing, index != architecture.layerCount - 1 {
                    timed("recomputation") { block.recompute(batch) }
                }
                timed("backward") {
                    block.backward(
                        batch, gradients: blockGradients(in: values), propagates: trainsEverything || index > 0)
                }
            }
            let fits = try timed("exact sums") { try add(values, of: unit, to: sums, limit: limit) }
            inRange = inRange && fits
        }
        return inRange
    }

    private func blockGradients(in values: UnsafeMutableBufferPointer<Float>) -> BlockGradients {
        guard let settings = activations.layout.adapter else {
            return .everything(architecture.blockTensors(in: values))
        }
        return .adapters(architecture.adapterMatrices(in: values, settings: settings))
    }

    /// Adds gradients of a unit to its exact sums; false where one is out of range.
    private func add(
        _ values: UnsafeMutableBufferPointer<Float>, of unit: UnitID, to sums: ExactGradientSum, limit: Float
    ) throws -> Bool {
        var inRange = true
        try sums.add(unit) { elements, target in
            let fits = context.addFixedPoint(
                UnsafeBufferPointer(rebasing: values[elements]), into: target, limit: limit)
            inRange = inRange && fits
        }
        return inRange
    }
}
