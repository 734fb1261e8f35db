import Architectures
import Buffers
import Kernels
import Quantization

/// A linear layer with LoRA on it: y = x·Wᵀ + b + scale·(dropout(x)·Aᵀ)·Bᵀ.
///
/// Shapes: x [M, K], y [M, N], W [N, K], b [N], A [r, K], B [N, r]. Either W and b are frozen and the backward makes dA
/// and dB, or there is no adapter and it makes dW and db.
struct LinearLayer {
    let context: KernelContext
    let compute: Compute
    let parameters: LinearParameters
    let settings: AdapterSettings?
    /// Nil where nothing is dropped.
    let dropout: CounterRNG?
    /// scale·(dropout(x)·Aᵀ) [M, r]: written by the forward, read by the backward. Nil without an adapter.
    let projected: Matrix?
    /// Room for dropout(x) [M, K]; read only where something is dropped.
    let dropped: Matrix?

    func forward(_ x: Matrix, into y: Matrix) {
        context.multiply(x, by: parameters.weight, into: y, accumulate: false, compute: compute)
        if let bias = parameters.bias { context.addBias(bias, to: y) }
        guard let adapter = parameters.adapter, let projected else { return }
        project(x)
        context.multiply(projected, by: WeightView(adapter.b), into: y, accumulate: true)
    }

    /// Writes scale·(dropout(x)·Aᵀ) alone: all that a backward needs where the layer's output is not used again.
    func project(_ x: Matrix) {
        guard let adapter = parameters.adapter, let settings, let projected else { return }
        context.multiply(droppingInputs(x), by: WeightView(adapter.a), into: projected, accumulate: false)
        context.scale(projected, by: settings.scale, into: projected)
    }

    /// dx (+)= dy·W + scale·mask(dy·B·A); the gradients of the parameters are overwritten.
    /// - Parameters:
    ///   - dx: nil where nothing below this layer is trained.
    ///   - gradients: nil where the layer is frozen and has no adapter.
    ///   - scratch: room for dy·B [M, r].
    func backward(
        _ dy: Matrix, input x: Matrix, dx: Matrix?, accumulate: Bool, gradients: LinearGradients?, scratch: Matrix?
    ) {
        if let dx {
            context.multiplyTransposed(dy, by: parameters.weight, into: dx, accumulate: accumulate, compute: compute)
        }
        switch gradients {
        case nil: return
        case .layer(let tensors):
            context.multiplyGradient(dy, x, into: tensors.weight, accumulate: false)
            if let bias = tensors.bias { context.sumRows(dy, into: bias, accumulate: false) }
        case .adapter(let adapter):
            adapterBackward(dy, input: x, dx: dx, gradients: adapter, scratch: scratch)
        }
    }

    private func adapterBackward(
        _ dy: Matrix, input x: Matrix, dx: Matrix?, gradients: AdapterParameters, scratch: Matrix?
    ) {
        guard let adapter = parameters.adapter, let settings, let projected, let scratch else { return }
        context.multiplyGradient(dy, projected, into: gradients.b, accumulate: false)
        context.multiplyTransposed(dy, by: WeightView(adapter.b), into: scratch, accumulate: false)
        context.scale(scratch, by: settings.scale, into: scratch)
        context.multiplyGradient(scratch, droppingInputs(x), into: gradients.a, accumulate: false)
        guard let dx else { return }
        guard let dropout, let dropped else {
            context.multiplyTransposed(scratch, by: WeightView(adapter.a), into: dx, accumulate: true)
            return
        }
        // The inputs in `dropped` are spent: it now takes the gradient that reaches them.
        context.multiplyTransposed(scratch, by: WeightView(adapter.a), into: dropped, accumulate: false)
        context.dropout(dropped, into: dropped, probability: settings.dropout, rng: dropout, firstElement: 0)
        context.accumulate(dropped, into: dx)
    }

    private func droppingInputs(_ x: Matrix) -> Matrix {
        guard let dropout, let dropped, let settings else { return x }
        context.dropout(x, into: dropped, probability: settings.dropout, rng: dropout, firstElement: 0)
        return dropped
    }
}
