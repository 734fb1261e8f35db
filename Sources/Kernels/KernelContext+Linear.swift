package import Buffers
import CKernels
package import Quantization

// M: tokens, K: inputs, N: outputs. Every output is the old value (where accumulating) or +0, followed by one fused
// multiply-add for each step of the reduction, in order, whatever the format, the tiles and the threads. With
// `compute: .int8` the steps are blocks of 64, whose sums are exact (sk_int8.h says all), and with `.bf16` pairs of
// rounded values (sk_bf16.h).
extension KernelContext {
    /// y [M, N] (+)= x [M, K] · wᵀ, w [N, K].
    package func multiply(
        _ x: Matrix, by w: WeightView, into y: Matrix, accumulate: Bool, compute: Compute = .fp32
    ) {
        precondition(x.rows == y.rows && x.columns == w.columns && y.columns == w.rows)
        switch compute {
        case .fp32: run { sk_multiply($0, x.native, w.native, y.native, accumulate) }
        case .int8: multiplyInt8(x, LowRankProduct(w, into: y, accumulate: accumulate))
        case .bf16: run { sk_multiply_bf16($0, x.native, w.native, y.native, accumulate) }
        }
    }

    /// dx [M, K] (+)= dy [M, N] · w, w [N, K].
    package func multiplyTransposed(
        _ dy: Matrix, by w: WeightView, into dx: Matrix, accumulate: Bool, compute: Compute = .fp32
    ) {
        precondition(dy.rows == dx.rows && dy.columns == w.rows && dx.columns == w.columns)
        switch compute {
        case .fp32: run { sk_multiply_transposed($0, dy.native, w.native, dx.native, accumulate) }
        case .int8: multiplyTransposedInt8(dy, LowRankProduct(w, into: dx, accumulate: accumulate))
        case .bf16: run { sk_multiply_transposed_bf16($0, dy.native, w.native, dx.native, accumulate) }
        }
    }

    /// dw [N, K] (+)= dyᵀ · x, dy [M, N], x [M, K].
    package func multiplyGradient(_ dy: Matrix, _ x: Matrix, into dw: Matrix, accumulate: Bool) {
        precondition(dy.rows == x.rows && dw.rows == dy.columns && dw.columns == x.columns)
        run { sk_multiply_gradient($0, dy.native, x.native, dw.native, accumulate) }
    }
}
