import Architectures
import Buffers
import Kernels

extension Block {
    /// Turns the gradient of the stream after this block into that before it, in place, and writes the gradients of
    /// what is trained.
    ///
    /// - Parameters:
    ///   - gradients: where the gradients of the block's parameters go. They are overwritten.
    ///   - propagates: whether anything below this block is trained. If not, the stream's gradient is left undefined.
    package func backward(_ batch: TokenBatch, gradients: BlockGradients, propagates: Bool) {
        feedForwardBackward(batch, gradients)
        attentionBackward(batch, gradients, propagates: propagates)
    }

    /// From d(output) to d(middle), both in the stream's gradient: the residual passes through unchanged.
    private func feedForwardBackward(_ batch: TokenBatch, _ gradients: BlockGradients) {
        let stream = matrix(scratch.streamGradient, batch)
        let projection = projectionGradient(batch)
        let product = matrix(scratch.product, batch)
        let productGradient = matrix(scratch.productGradient, batch)
        let down = linear(.down, batch)
        down.inputGradient(stream, into: productGradient, accumulate: false, scratch: projection)
        let (gate, up) = activationBackward(batch, productGradient, product: product)
        down.parameterGradients(stream, input: product, into: gradients[.down], scratch: projection)
        let normed = normedMiddle(batch)
        let normedGradient = matrix(scratch.normedGradient, batch)
        linear(.gate, batch).backward(
            gate, input: normed, dx: normedGradient, accumulate: false, gradients: gradients[.gate], scratch: projection
        )
        linear(.up, batch).backward(
            up, input: normed, dx: normedGradient, accumulate: true, gradients: gradients[.up], scratch: projection)
        let middle = matrix(slots.middle, batch)
        if let tensors = gradients.tensors {
            context.rmsNormGradient(
                dy: normedGradient, x: middle, epsilon: architecture.normEpsilon, into: tensors.postAttentionNorm,
                accumulate: false)
        }
        context.rmsNormBackward(
            dy: normedGradient, x: middle, weight: parameters.postAttentionNorm,
            epsilon: architecture.normEpsilon, dx: stream, accumulate: true)
    }

    /// Makes silu(gate)·up again, and the gradients of both.
    private func activationBackward(
        _ batch: TokenBatch, _ productGradient: Matrix, product: Matrix
    ) -> (gate: Matrix, up: Matrix) {
        let (gate, up) = gateAndUp(batch)
        if savesInFull {
            // gate and up are not needed again: their gradients take their places.
            context.siluMultiply(gate: gate, up: up, into: product)
            context.siluMultiplyBackward(da: productGradient, gate: gate, up: up, dGate: gate, dUp: up)
        } else {
            context.siluMultiplyBackward(
                da: productGradient, savedGate: activations.saved(slots.gate, rows: batch.count),
                savedUp: activations.saved(slots.up, rows: batch.count), a: product, dGate: gate, dUp: up)
        }
        return (gate, up)
    }

    /// From d(middle) to d(stream before the block).
    private func attentionBackward(
        _ batch: TokenBatch, _ gradients: BlockGradients, propagates: Bool
    ) {
        let stream = matrix(scratch.streamGradient, batch)
        let projection = projectionGradient(batch)
        let attention = matrix(slots.attention, batch)
        let attentionGradient = matrix(scratch.attentionGradient, batch)
        linear(.attentionOutput, batch).backward(
            stream, input: attention, dx: attentionGradient, accumulate: false, gradients: gradients[.attentionOutput],
            scratch: projection)
        let query = matrix(scratch.queryGradient, batch)
        let key = matrix(scratch.keyGradient, batch)
        let value = matrix(scratch.valueGradient, batch)
        let headSize = architecture.headSize
        context.attentionBackward(
            dOutput: attentionGradient, q: matrix(slots.query, batch), k: matrix(slots.key, batch),
            v: matrix(slots.value, batch), output: attention, logSumExp: matrix(slots.logSumExp, batch),
            segments: batch.segments, headSize: headSize, scale: attentionScale, window: architecture.attentionWindow,
            dq: query, dk: key, dv: value)
        context.rotate(query, headSize: headSize, positions: batch.positions, table: rotary, inverse: true)
        context.rotate(key, headSize: headSize, positions: batch.positions, table: rotary, inverse: true)
        let normed = normedInput(batch)
        precondition(propagates || gradients.tensors == nil, "the norm's gradient needs that of what it gave")
        let normedGradient = propagates ? matrix(scratch.normedGradient, batch) : nil
        linear(.query, batch).backward(
            query, input: normed, dx: normedGradient, accumulate: false, gradients: gradients[.query],
            scratch: projection)
        linear(.key, batch).backward(
            key, input: normed, dx: normedGradient, accumulate: true, gradients: gradients[.key], scratch: projection)
        linear(.value, batch).backward(
            value, input: normed, dx: normedGradient, accumulate: true, gradients: gradients[.value],
            scratch: projection)
        guard let normedGradient else { return }
        let input = matrix(activations.layout.stream(index), batch)
        if let tensors = gradients.tensors {
            context.rmsNormGradient(
                dy: normedGradient, x: input, epsilon: architecture.normEpsilon, into: tensors.inputNorm,
                accumulate: false)
        }
        context.rmsNormBackward(
            dy: normedGradient, x: input, weight: parameters.inputNorm,
            epsilon: architecture.normEpsilon, dx: stream, accumulate: true)
    }

    private func projectionGradient(_ batch: TokenBatch) -> Matrix? {
        activations.layout.adapter == nil ? nil : matrix(scratch.adapterGradient, batch)
    }
}
