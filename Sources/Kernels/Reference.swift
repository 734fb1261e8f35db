package import Buffers
import CKernels
package import Quantization

/// Matrix products and attention as plain loops: what the kernels must equal to the bit.
///
/// Rows and flat arrays have their reference in the instruction set `portable`. Not for use outside of tests and
/// checks.
package enum Reference {
    /// y (+)= x · wᵀ, w [N, K] in any format; with `compute: .fp32` in fp32.
    package static func multiply(
        _ x: Matrix, by w: WeightView, into y: Matrix, accumulate: Bool, compute: Compute = .fp32
    ) {
        switch compute {
        case .fp32: sk_reference_multiply(x.native, w.inFP32, y.native, accumulate)
        case .int8: sk_reference_multiply_int8(x.native, w.native, y.native, accumulate)
        case .bf16: sk_reference_multiply_bf16(x.native, w.native, y.native, accumulate)
        }
    }

    /// dx (+)= dy · w.
    package static func multiplyTransposed(
        _ dy: Matrix, by w: WeightView, into dx: Matrix, accumulate: Bool, compute: Compute = .fp32
    ) {
        switch compute {
        case .fp32: sk_reference_multiply_transposed(dy.native, w.inFP32, dx.native, accumulate)
        case .int8: sk_reference_multiply_transposed_int8(dy.native, w.native, dx.native, accumulate)
        case .bf16: sk_reference_multiply_transposed_bf16(dy.native, w.native, dx.native, accumulate)
        }
    }

    /// dw (+)= dyᵀ · x.
    package static func multiplyGradient(_ dy: Matrix, _ x: Matrix, into dw: Matrix, accumulate: Bool) {
        sk_reference_multiply_gradient(dy.native, x.native, dw.native, accumulate)
    }

    /// The same as `KernelContext.attention`.
    package static func attention(_ context: KernelContext, _ a: AttentionArguments) {
        context.withProblem(a) { sk_reference_attention($0) }
    }

    /// The same as `KernelContext.attentionBackward`.
    package static func attentionBackward(
        _ context: KernelContext, _ a: AttentionArguments, dOutput: Matrix, dq: Matrix, dk: Matrix, dv: Matrix
    ) {
        context.withProblem(a) {
            sk_reference_attention_backward($0, dOutput.native, dq.native, dk.native, dv.native)
        }
    }
}

extension WeightView {
    /// The reference in fp32 does not decode.
    fileprivate var inFP32: sk_weight {
        precondition(native.format == SK_FORMAT_FP32)
        return native
    }
}
