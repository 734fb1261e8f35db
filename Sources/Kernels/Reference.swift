package import Buffers
import CKernels
package import Quantization

/// Matrix products and attention as plain loops: what the kernels must equal to the bit.
///
/// Rows and flat arrays have their reference in the instruction set `portable`. Not for use outside of tests and
/// checks.
package enum Reference {
    /// y (+)= x · wᵀ with w [N, K] in fp32.
    package static func multiply(_ x: Matrix, by w: Matrix, into y: Matrix, accumulate: Bool) {
        sk_reference_multiply(x.native, w.nativeWeight, y.native, accumulate)
    }

    /// dx (+)= dy · w.
    package static func multiplyTransposed(_ dy: Matrix, by w: Matrix, into dx: Matrix, accumulate: Bool) {
        sk_reference_multiply_transposed(dy.native, w.nativeWeight, dx.native, accumulate)
    }

    /// y (+)= x · wᵀ in 8 bits, w [N, K] in any format.
    package static func multiplyInt8(_ x: Matrix, by w: WeightView, into y: Matrix, accumulate: Bool) {
        sk_reference_multiply_int8(x.native, w.native, y.native, accumulate)
    }

    /// dx (+)= dy · w in 8 bits.
    package static func multiplyTransposedInt8(_ dy: Matrix, by w: WeightView, into dx: Matrix, accumulate: Bool) {
        sk_reference_multiply_transposed_int8(dy.native, w.native, dx.native, accumulate)
    }

    /// y (+)= x · wᵀ in bf16, w [N, K] in any format.
    package static func multiplyBF16(_ x: Matrix, by w: WeightView, into y: Matrix, accumulate: Bool) {
        sk_reference_multiply_bf16(x.native, w.native, y.native, accumulate)
    }

    /// dx (+)= dy · w in bf16.
    package static func multiplyTransposedBF16(_ dy: Matrix, by w: WeightView, into dx: Matrix, accumulate: Bool) {
        sk_reference_multiply_transposed_bf16(dy.native, w.native, dx.native, accumulate)
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

extension Matrix {
    fileprivate var nativeWeight: sk_weight {
        sk_weight(
            format: SK_FORMAT_FP32, block_size: 0, rows: Int64(rows), columns: Int64(columns), stride: Int64(stride),
            codes: base, scales: nil, nested: nil, offset: 0)
    }
}
