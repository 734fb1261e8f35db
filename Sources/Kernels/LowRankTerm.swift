package import Buffers

/// The term inner · wide of a product, inner = scale · (left side · narrow) [M, r].
package struct LowRankTerm {
    let inner: Matrix
    let narrow: Matrix?
    let scale: Float
    let wide: Matrix?

    /// - Parameters:
    ///   - inner: written where `narrow` is given, else read.
    ///   - narrow: A [r, K] in a forward product, B [N, r] in a backward one.
    ///   - wide: B [N, r] in a forward product, A [r, K] in a backward one; nil where `inner` alone is wanted.
    package init(inner: Matrix, narrow: Matrix?, scale: Float, wide: Matrix?) {
        self.inner = inner
        self.narrow = narrow
        self.scale = scale
        self.wide = wide
    }
}
