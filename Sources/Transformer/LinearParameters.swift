package import Buffers
package import Quantization

/// The weights of one linear layer: the frozen [N, K] base, its bias, and the adapter on it.
package struct LinearParameters: Sendable {
    package var weight: WeightView
    package var bias: WeightView?
    package var adapter: AdapterParameters?

    package init(weight: WeightView, bias: WeightView?, adapter: AdapterParameters? = nil) {
        self.weight = weight
        self.bias = bias
        self.adapter = adapter
    }
}

/// LoRA's two matrices where they lie: y += scale · (x·Aᵀ)·Bᵀ. Source: Hu et al. 2021, LoRA, section 4.1.
package struct AdapterParameters: Sendable {
    /// A [r, K].
    package let a: Matrix
    /// B [N, r].
    package let b: Matrix

    package init(a: Matrix, b: Matrix) {
        precondition(a.rows == b.columns)
        self.a = a
        self.b = b
    }
}

/// The weights of one transformer block.
package struct BlockParameters: Sendable {
    package var inputNorm: WeightView
    package var postAttentionNorm: WeightView
    package var linears: PerLinear<LinearParameters>

    package init(inputNorm: WeightView, postAttentionNorm: WeightView, linears: PerLinear<LinearParameters>) {
        self.inputNorm = inputNorm
        self.postAttentionNorm = postAttentionNorm
        self.linears = linears
    }
}
