import Buffers
import Kernels
import Quantization
import Testing

@Suite("Matrix products in bf16")
struct BF16Tests {
    @Test(
        "what bf16 can hold is multiplied as in fp32, and what it cannot is off by its rounding",
        arguments: LowPrecisionCase.formats)
    func accuracy(format: WeightFormat) throws {
        let context = try KernelContext(threads: 1)
        let (m, k, n) = (9, 700, 130)
        let w = try StoredWeight(format: format, rows: n, columns: k, seed: 7, context: context)
        let decoded = try Values(n, k, seed: 0)
        context.decode(w.view, rows: 0..<n, into: decoded.matrix)
        for isRounded in [true, false] {
            let x = try Values(m, k, seed: 8)
            for values in isRounded ? [x, decoded] : [x] {
                for index in values.matrix.elements.indices where isRounded {
                    values.matrix.elements[index] = BFloat16(values.matrix.elements[index]).float
                }
            }
            let exact = (0..<m).flatMap { i in
                (0..<n).map { j in
                    zip(x.matrix.row(i), decoded.matrix.row(j)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                }
            }
            let y = try Values(m, n, seed: 9)
            context.multiply(
                x.matrix, by: isRounded ? WeightView(decoded.matrix) : w.view, into: y.matrix, accumulate: false,
                compute: .bf16)
            // Each product is off by at most 2⁻⁸, and they do not all err in one direction.
            expectClose(y.elements, exact, tolerance: isRounded ? 2e-6 : 4e-3)
        }
    }
}
