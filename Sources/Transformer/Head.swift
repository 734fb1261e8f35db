import Architectures
package import Buffers
package import Kernels
package import Quantization

/// The end of the model: final norm, head and loss.
///
/// Logits are made for `logitRows` tokens at a time and turned into their own gradient in place, so that a vocabulary
/// of 128 k costs neither [M, V] memory nor a second product: the seed of the backward (1/T) is known before the
/// forward.
package struct Head {
    let context: KernelContext
    let compute: Compute
    let activations: Activations
    let norm: WeightView
    /// [V, H]; the embedding where it is tied.
    let weight: WeightView

    package init(
        norm: WeightView, weight: WeightView, activations: Activations, context: KernelContext, compute: Compute
    ) {
        self.norm = norm
        self.weight = weight
        self.activations = activations
        self.context = context
        self.compute = compute
    }

    /// The negative log-likelihood of each token's target in nats, 0 where there is none; and, if wanted, the gradient
    /// of the stream after the last block in its slot.
    /// - Parameters:
    ///   - gradientScale: what each target token's loss is multiplied with (1/T); nil in evaluation.
    ///   - gradients: where those of norm and head go, which are overwritten; nil where they are frozen.
    package func losses(
        _ batch: TokenBatch, gradientScale: Float?, gradients: HeadTensors? = nil
    ) -> UnsafeBufferPointer<Float> {
        precondition(gradients == nil || gradientScale != nil)
        let stream = finalStream(batch)
        let normed = finalNormed(batch)
        let losses = activations.matrix(activations.layout.scratch.losses, rows: 1).row(0)
        let normedGradient = gradientScale.map { _ in
            activations.matrix(activations.layout.scratch.normedGradient, rows: batch.count)
        }
        forEachChunk(batch) { rows in
            let input = normed.rows(from: rows.lowerBound, count: rows.count)
            let logits = self.logits(of: input)
            context.crossEntropy(
                logits: logits, targets: UnsafeBufferPointer(rebasing: batch.targets[rows]),
                gradientScale: gradientScale, nll: UnsafeMutableBufferPointer(rebasing: losses[rows]))
            if let gradients {
                context.multiplyGradient(logits, input, into: gradients.weight, accumulate: rows.lowerBound > 0)
            }
            if let normedGradient {
                context.multiplyTransposed(
                    logits, by: weight, into: normedGradient.rows(from: rows.lowerBound, count: rows.count),
                    accumulate: false, compute: compute)
            }
        }
        if let normedGradient {
            let layout = activations.layout
            let epsilon = layout.architecture.normEpsilon
            if let gradients {
                context.rmsNormGradient(
                    dy: normedGradient, x: stream, epsilon: epsilon, into: gradients.norm, accumulate: false)
            }
            context.rmsNormBackward(
                dy: normedGradient, x: stream, weight: norm, epsilon: epsilon,
                dx: activations.matrix(layout.scratch.streamGradient, rows: batch.count), accumulate: false)
        }
        return UnsafeBufferPointer(rebasing: losses[..<batch.count])
    }

    /// Hands out the logits [rows, V] of all tokens, some rows at a time; they are overwritten after each call.
    package func forEachLogits(_ batch: TokenBatch, _ body: (Range<Int>, Matrix) throws -> Void) rethrows {
        let normed = finalNormed(batch)
        try forEachChunk(batch) { rows in
            try body(rows, logits(of: normed.rows(from: rows.lowerBound, count: rows.count)))
        }
    }

    /// norm(stream after the last block) [M, H], in scratch.
    package func finalNormed(_ batch: TokenBatch) -> Matrix {
        let normed = activations.matrix(activations.layout.scratch.normed, rows: batch.count)
        context.rmsNorm(
            finalStream(batch), weight: norm, epsilon: activations.layout.architecture.normEpsilon, into: normed)
        return normed
    }

    func finalStream(_ batch: TokenBatch) -> Matrix {
        let layout = activations.layout
        return activations.matrix(layout.stream(layout.architecture.layerCount), rows: batch.count)
    }

    func logits(of normed: Matrix) -> Matrix {
        let logits = activations.matrix(activations.layout.scratch.logits, rows: normed.rows)
        context.multiply(normed, by: weight, into: logits, accumulate: false, compute: compute)
        return logits
    }

    private func forEachChunk(_ batch: TokenBatch, _ body: (Range<Int>) throws -> Void) rethrows {
        let size = activations.layout.extent.logitRows
        for first in stride(from: 0, to: batch.count, by: size) {
            try body(first..<min(first + size, batch.count))
        }
    }
}
