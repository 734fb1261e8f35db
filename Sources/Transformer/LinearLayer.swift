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
    /// Told of the products with the layer's own weight; those in 8 bits have the adapter's terms in them.
    let timer: (any ProductTimer)?

    func forward(_ x: Matrix, into y: Matrix) { Self.forward(x, LayerOutput(self, y)) }

    /// The outputs of up to three layers with one input; in 8 bits it is quantised once for all of them.
    static func forward(
        _ x: Matrix, _ first: LayerOutput, _ second: LayerOutput? = nil, _ third: LayerOutput? = nil
    ) {
        if first.layer.compute == .int8 {
            let products = (
                first.layer.product(x, into: first.y), second.map { $0.layer.product(x, into: $0.y) },
                third.map { $0.layer.product(x, into: $0.y) }
            )
            first.layer.timer.measure {
                first.layer.context.multiplyInt8(x, products.0, products.1, products.2)
            }
        }
        first.layer.finish(x, into: first.y)
        if let second { second.layer.finish(x, into: second.y) }
        if let third { third.layer.finish(x, into: third.y) }
    }

    /// The product of the layer in 8 bits, with the adapter's term.
    private func product(_ x: Matrix, into y: Matrix) -> LowRankProduct {
        LowRankProduct(parameters.weight, into: y, accumulate: false, term: forwardTerm(x))
    }

    /// The adapter's part of a product in 8 bits. Where inputs are dropped it has an input of its own, and x·Aᵀ is made
    /// here.
    private func forwardTerm(_ x: Matrix) -> LowRankTerm? {
        guard let adapter = parameters.adapter, let settings, let projected else { return nil }
        guard dropout != nil else {
            return LowRankTerm(inner: projected, narrow: adapter.a, scale: settings.scale, wide: adapter.b)
        }
        project(x)
        return LowRankTerm(inner: projected, narrow: nil, scale: settings.scale, wide: adapter.b)
    }

    /// What the product in 8 bits has not done: all in fp32, the bias in both.
    private func finish(_ x: Matrix, into y: Matrix) {
        if compute != .int8 {
            timer.measure {
                context.multiply(x, by: parameters.weight, into: y, accumulate: false, compute: compute)
            }
        }
        if let bias = parameters.bias { context.addBias(bias, to: y) }
        guard compute != .int8, let adapter = parameters.adapter, let projected else { return }
        project(x)
        context.multiply(projected, by: WeightView(adapter.b), into: y, accumulate: true)
    }

    /// Writes scale·(dropout(x)·Aᵀ) alone: all that a backward needs where the layer's output is not used again.
    func project(_ x: Matrix) {
        guard let adapter = parameters.adapter, let settings, let projected else { return }
        context.multiply(
            droppingInputs(x), by: WeightView(adapter.a), into: projected, accumulate: false,
            compute: adapterCompute)
        context.scale(projected, by: settings.scale, into: projected)
    }

    /// dx (+)= dy·W + scale·mask(dy·B·A); the gradients of the parameters are overwritten.
    /// - Parameters:
    ///   - dx: nil where nothing below this layer is trained.
    ///   - gradients: nil where the layer is frozen and has no adapter.
    ///   - scratch: room for scale·dy·B [M, r].
    func backward(
        _ dy: Matrix, input x: Matrix, dx: Matrix?, accumulate: Bool, gradients: LinearGradients?, scratch: Matrix?
    ) {
        inputGradient(dy, into: dx, accumulate: accumulate, scratch: scratch)
        parameterGradients(dy, input: x, into: gradients, scratch: scratch)
    }

    /// The first half of `backward`: dx, and scale·dy·B in `scratch`.
    func inputGradient(_ dy: Matrix, into dx: Matrix?, accumulate: Bool, scratch: Matrix?) {
        guard let adapter = parameters.adapter, let settings, let scratch else {
            if let dx { weightBackward(dy, dx: dx, accumulate: accumulate, term: nil) }
            return
        }
        let drops = dropout != nil && dropped != nil
        if let dx {
            weightBackward(
                dy, dx: dx, accumulate: accumulate,
                term: LowRankTerm(
                    inner: scratch, narrow: adapter.b, scale: settings.scale, wide: drops ? nil : adapter.a))
        }
        if dx == nil || compute != .int8 {
            context.multiplyTransposed(
                dy, by: WeightView(adapter.b), into: scratch, accumulate: false, compute: adapterCompute)
            context.scale(scratch, by: settings.scale, into: scratch)
        }
        guard let dx else { return }
        if drops, let dropout, let dropped {
            context.multiplyTransposed(scratch, by: WeightView(adapter.a), into: dropped, accumulate: false)
            context.dropout(dropped, into: dropped, probability: settings.dropout, rng: dropout, firstElement: 0)
            context.accumulate(dropped, into: dx)
        } else if compute != .int8 {
            context.multiplyTransposed(scratch, by: WeightView(adapter.a), into: dx, accumulate: true)
        }
    }

    /// The second half of `backward`.
    func parameterGradients(_ dy: Matrix, input x: Matrix, into gradients: LinearGradients?, scratch: Matrix?) {
        switch gradients {
        case nil: return
        case .layer(let tensors):
            context.multiplyGradient(dy, x, into: tensors.weight, accumulate: false)
            if let bias = tensors.bias { context.sumRows(dy, into: bias, accumulate: false) }
        case .adapter(let adapter):
            guard let projected, let scratch else { return }
            context.multiplyGradient(dy, projected, into: adapter.b, accumulate: false)
            context.multiplyGradient(scratch, droppingInputs(x), into: adapter.a, accumulate: false)
        }
    }

    private func weightBackward(_ dy: Matrix, dx: Matrix, accumulate: Bool, term: LowRankTerm?) {
        timer.measure {
            if compute == .int8 {
                context.multiplyTransposedInt8(
                    dy, LowRankProduct(parameters.weight, into: dx, accumulate: accumulate, term: term))
            } else {
                context.multiplyTransposed(
                    dy, by: parameters.weight, into: dx, accumulate: accumulate, compute: compute)
            }
        }
    }

    /// What the adapter's products with the layer's input and with the gradient of its output are computed in.
    private var adapterCompute: Compute { compute == .int8 ? .int8 : .fp32 }

    private func droppingInputs(_ x: Matrix) -> Matrix {
        guard let dropout, let dropped, let settings else { return x }
        context.dropout(x, into: dropped, probability: settings.dropout, rng: dropout, firstElement: 0)
        return dropped
    }
}
