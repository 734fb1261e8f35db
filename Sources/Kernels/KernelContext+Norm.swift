package import Buffers
import CKernels
package import Quantization

extension KernelContext {
    /// y = (x · r) · weight, r = 1 / √(mean(x²) + ε) of each row; weight [1, H]; y may be x.
    package func rmsNorm(_ x: Matrix, weight: WeightView, epsilon: Float, into y: Matrix) {
        precondition(x.hasShape(of: y) && weight.rows == 1 && weight.columns == x.columns)
        run { sk_rms_norm($0, x.native, weight.native, epsilon, y.native) }
    }

    /// dx (+)= the gradient of `rmsNorm` by x; dx may be dy.
    package func rmsNormBackward(
        dy: Matrix, x: Matrix, weight: WeightView, epsilon: Float, dx: Matrix, accumulate: Bool
    ) {
        precondition(dy.hasShape(of: x) && dy.hasShape(of: dx) && weight.rows == 1 && weight.columns == x.columns)
        run { sk_rms_norm_backward($0, dy.native, x.native, weight.native, epsilon, dx.native, accumulate) }
    }

    /// dw [1, H] (+)= Σ over rows of dy · x · r: the gradient of `rmsNorm` by its weight.
    package func rmsNormGradient(dy: Matrix, x: Matrix, epsilon: Float, into dw: Matrix, accumulate: Bool) {
        precondition(dy.hasShape(of: x) && dw.rows == 1 && dw.columns == x.columns)
        run { sk_rms_norm_gradient($0, dy.native, x.native, epsilon, dw.native, accumulate) }
    }
}
