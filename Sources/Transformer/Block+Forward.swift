import Architectures
import Buffers
import Kernels

extension Block {
    /// The stream after this block from the stream before it; fills the slots that `backward` needs.
    package func forward(_ batch: TokenBatch) {
        attentionHalf(batch)
        let output = matrix(activations.layout.stream(index + 1), batch)
        let product = feedForwardProduct(batch)
        linear(.down, batch).forward(product, into: output)
        context.accumulate(matrix(slots.middle, batch), into: output)
    }

    /// Fills the slots that were not kept again from the stream before this block, for its backward. The output is
    /// known, so that the last product is left out.
    package func recompute(_ batch: TokenBatch) {
        let recomputation = activations.layout.extent.recomputation
        guard recomputation != .nothing else { return }
        attentionHalf(batch)
        if recomputation == .everything { linear(.down, batch).project(feedForwardProduct(batch)) }
    }

    /// middle = stream + attention(norm(stream)).
    private func attentionHalf(_ batch: TokenBatch) {
        let input = matrix(activations.layout.stream(index), batch)
        let normed = normedInput(batch)
        let query = matrix(slots.query, batch)
        let key = matrix(slots.key, batch)
        let value = matrix(slots.value, batch)
        LinearLayer.forward(
            normed, LayerOutput(linear(.query, batch), query), LayerOutput(linear(.key, batch), key),
            LayerOutput(linear(.value, batch), value))
        let headSize = architecture.headSize
        context.rotate(query, headSize: headSize, positions: batch.positions, table: rotary, inverse: false)
        context.rotate(key, headSize: headSize, positions: batch.positions, table: rotary, inverse: false)
        let (keys, values) = visible(key: key, value: value, batch)
        let attention = matrix(slots.attention, batch)
        context.attention(
            q: query, k: keys, v: values, segments: batch.segments, headSize: headSize, scale: attentionScale,
            window: architecture.attentionWindow, output: attention, logSumExp: matrix(slots.logSumExp, batch))
        let middle = matrix(slots.middle, batch)
        linear(.attentionOutput, batch).forward(attention, into: middle)
        context.accumulate(input, into: middle)
    }

    /// silu(gate)·up [M, I] of the normalised middle, in scratch.
    private func feedForwardProduct(_ batch: TokenBatch) -> Matrix {
        let normed = normedMiddle(batch)
        let (gate, up) = gateAndUp(batch)
        LinearLayer.forward(normed, LayerOutput(linear(.gate, batch), gate), LayerOutput(linear(.up, batch), up))
        let product = matrix(scratch.product, batch)
        if savesInFull {
            context.siluMultiply(gate: gate, up: up, into: product)
        } else {
            context.siluMultiply(
                gate: gate, up: up, into: product, savingGate: activations.saved(slots.gate, rows: batch.count),
                savingUp: activations.saved(slots.up, rows: batch.count))
        }
        return product
    }

    var savesInFull: Bool { slots.gate.type == .float32 }

    /// Gate and up in fp32 [M, I], and later their gradients: where they are kept, else in scratch.
    func gateAndUp(_ batch: TokenBatch) -> (gate: Matrix, up: Matrix) {
        savesInFull
            ? (matrix(slots.gate, batch), matrix(slots.up, batch))
            : (matrix(scratch.gate, batch), matrix(scratch.up, batch))
    }

    /// norm(stream) [M, H], in scratch; cheap enough to be made again in the backward.
    func normedInput(_ batch: TokenBatch) -> Matrix {
        let normed = matrix(scratch.normed, batch)
        context.rmsNorm(
            matrix(activations.layout.stream(index), batch), weight: parameters.inputNorm,
            epsilon: architecture.normEpsilon, into: normed)
        return normed
    }

    /// norm(middle) [M, H], in scratch.
    func normedMiddle(_ batch: TokenBatch) -> Matrix {
        let normed = matrix(scratch.normed, batch)
        context.rmsNorm(
            matrix(slots.middle, batch), weight: parameters.postAttentionNorm, epsilon: architecture.normEpsilon,
            into: normed)
        return normed
    }
}
