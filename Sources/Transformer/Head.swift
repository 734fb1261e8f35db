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
    /// What becomes of a part of the weight's bytes before and after its use; nil: the weight is used whole.
    let pages: Pages?

    /// How a mapped weight is used part by part, so that not all of its pages are mapped at once.
    package struct Pages {
        /// What a part has at most, and still 64 rows.
        package static let partBytes = 32 << 20

        let partBytes: Int
        let map: (UnsafeRawBufferPointer) -> Void
        let giveBack: (UnsafeRawBufferPointer) -> Void

        package init(
            partBytes: Int = Self.partBytes, map: @escaping (UnsafeRawBufferPointer) -> Void,
            giveBack: @escaping (UnsafeRawBufferPointer) -> Void
        ) {
            self.partBytes = partBytes
            self.map = map
            self.giveBack = giveBack
        }

        /// Bytes of a weight that are mapped at once.
        package static func mappedByteCount(rows: Int, columns: Int, format: WeightFormat) -> Int {
            let part = format.isQuantized ? rows : min(rows, partRows(partBytes, columns: columns, format: format))
            return format.byteCount(elementCount: part * columns)
        }

        /// Rows of a part: whole blocks of the products in 8 bits, whose scales belong to 64 steps of the reduction.
        fileprivate static func partRows(_ partBytes: Int, columns: Int, format: WeightFormat) -> Int {
            max(64, partBytes / format.codeByteCount(elementCount: columns) / 64 * 64)
        }
    }

    package init(
        norm: WeightView, weight: WeightView, pages: Pages? = nil, activations: Activations, context: KernelContext,
        compute: Compute
    ) {
        self.norm = norm
        self.weight = weight
        self.pages = pages
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
                let gradient = normedGradient.rows(from: rows.lowerBound, count: rows.count)
                // The reduction runs over the vocabulary: from part to part it goes on where it stood.
                forEachPart { part, weight in
                    context.multiplyTransposed(
                        logits.columns(from: part.lowerBound, count: part.count), by: weight, into: gradient,
                        accumulate: part.lowerBound > 0, compute: compute)
                }
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
        forEachPart { part, weight in
            context.multiply(
                normed, by: weight, into: logits.columns(from: part.lowerBound, count: part.count), accumulate: false,
                compute: compute)
        }
        return logits
    }

    /// Hands out the weight in parts of the vocabulary, in order: whole where its pages stay, or where it is quantised.
    private func forEachPart(_ body: (Range<Int>, WeightView) -> Void) {
        guard let pages, !weight.format.isQuantized else { return body(0..<weight.rows, weight) }
        let size = Pages.partRows(pages.partBytes, columns: weight.columns, format: weight.format)
        for first in stride(from: 0, to: weight.rows, by: size) {
            let range = first..<min(first + size, weight.rows)
            let part = weight.rows(range)
            pages.map(part.codeBytes)
            body(range, part)
            pages.giveBack(part.codeBytes)
        }
    }

    private func forEachChunk(_ batch: TokenBatch, _ body: (Range<Int>) throws -> Void) rethrows {
        let size = activations.layout.extent.logitRows
        for first in stride(from: 0, to: batch.count, by: size) {
            try body(first..<min(first + size, batch.count))
        }
    }
}
