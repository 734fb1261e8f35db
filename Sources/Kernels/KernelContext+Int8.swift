package import Buffers
import CKernels

// Products in 8 bits that share their left side, which is quantised once for all of them. sk_int8.h says what is
// computed.
extension KernelContext {
    /// y [M, N] (+)= x [M, K] · wᵀ for each product, w [N, K].
    package func multiplyInt8(
        _ x: Matrix, _ first: LowRankProduct, _ second: LowRankProduct? = nil, _ third: LowRankProduct? = nil
    ) {
        withNative(first, second, third) { outputs, count in
            for i in 0..<count {
                precondition(outputs[i].c.rows == x.rows && outputs[i].w.columns == x.columns)
                precondition(outputs[i].c.columns == outputs[i].w.rows && hasSoundTerm(outputs[i], transposed: false))
            }
            run { sk_multiply_int8($0, x.native, outputs, Int32(count)) }
        }
    }

    /// dx [M, K] (+)= dy [M, N] · w, w [N, K].
    package func multiplyTransposedInt8(_ dy: Matrix, _ first: LowRankProduct) {
        withNative(first, nil, nil) { outputs, count in
            precondition(outputs[0].c.rows == dy.rows && outputs[0].w.rows == dy.columns)
            precondition(outputs[0].c.columns == outputs[0].w.columns && hasSoundTerm(outputs[0], transposed: true))
            run { sk_multiply_transposed_int8($0, dy.native, outputs, Int32(count)) }
        }
    }

    private func hasSoundTerm(_ o: sk_int8_output, transposed: Bool) -> Bool {
        guard o.inner.data != nil else { return true }
        let (a, b) = transposed ? (o.wide, o.narrow) : (o.narrow, o.wide)
        return o.inner.rows == o.c.rows
            && (a.data == nil || (a.rows == o.inner.columns && a.columns == o.w.columns))
            && (b.data == nil || (b.columns == o.inner.columns && b.rows == o.w.rows))
    }

    private func withNative(
        _ first: LowRankProduct, _ second: LowRankProduct?, _ third: LowRankProduct?,
        _ body: (UnsafePointer<sk_int8_output>, Int) -> Void
    ) {
        // On the stack: nothing is allocated in a step.
        var outputs = (first.native, second?.native ?? sk_int8_output(), third?.native ?? sk_int8_output())
        let count = third != nil ? 3 : second != nil ? 2 : 1
        withUnsafePointer(to: &outputs) { pointer in
            pointer.withMemoryRebound(to: sk_int8_output.self, capacity: 3) { body($0, count) }
        }
    }
}
