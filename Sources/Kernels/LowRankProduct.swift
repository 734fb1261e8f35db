package import Buffers
import CKernels
package import Quantization

/// One of the products in 8 bits that share their left side, with LoRA's term where it has one.
package struct LowRankProduct {
    let weight: WeightView
    let output: Matrix
    let accumulate: Bool
    let term: LowRankTerm?

    package init(_ weight: WeightView, into output: Matrix, accumulate: Bool, term: LowRankTerm? = nil) {
        self.weight = weight
        self.output = output
        self.accumulate = accumulate
        self.term = term
    }

    var native: sk_int8_output {
        sk_int8_output(
            w: weight.native, c: output.native, accumulate: accumulate, inner: term?.inner.native ?? sk_matrix(),
            narrow: term?.narrow?.native ?? sk_matrix(), scale: term?.scale ?? 1,
            wide: term?.wide?.native ?? sk_matrix())
    }
}
