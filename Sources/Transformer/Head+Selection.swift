import Architectures
import Buffers
import Kernels

extension Head {
    /// Hands out the logits [V] of some tokens of a batch, one after the other; they are overwritten after each call.
    /// - Parameter rows: which tokens, in ascending order.
    package func forEachLogits(
        of rows: UnsafeBufferPointer<Int32>, in batch: TokenBatch,
        _ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        let stream = finalStream(batch)
        let layout = activations.layout
        let normed = activations.matrix(layout.scratch.normed, rows: rows.count)
        for (place, row) in rows.enumerated() {
            _ = normed.row(place).update(fromContentsOf: stream.row(Int(row)))
        }
        context.rmsNorm(normed, weight: norm, epsilon: layout.architecture.normEpsilon, into: normed)
        let size = layout.extent.logitRows
        for first in stride(from: 0, to: rows.count, by: size) {
            let logits = logits(of: normed.rows(from: first, count: min(size, rows.count - first)))
            for row in 0..<logits.rows { try body(first + row, logits.row(row)) }
        }
    }
}
