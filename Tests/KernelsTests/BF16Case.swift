import Buffers
import Kernels
import Quantization

/// One forward and one backward product in bf16, on values of every kind that rounding and subnormals distinguish.
struct BF16Case {
    let x, y, dy, dx: Values
    let weight: StoredWeight
    let accumulate: Bool

    init(m: Int, k: Int, n: Int, format: WeightFormat, accumulate: Bool) throws {
        let portable = try KernelContext(threads: 1, instructionSet: .portable)
        x = try Values(m, k, seed: 1, padding: 3, shift: 1)
        y = try Values(m, n, seed: 2, padding: 1)
        dy = try Values(m, n, seed: 3, padding: 2, shift: 3)
        dx = try Values(m, k, seed: 4, padding: 5)
        let values = try Values(n, k, seed: 5)
        if !format.isQuantized, n * k > 3 {
            for (index, value) in [0x1p-130, -0x1.01p-126, 0x1.018p-3].enumerated() {
                values.matrix.elements[index * n * k / 3] = Float(value)
            }
        }
        weight = try StoredWeight(format: format, values: values, context: portable)
        self.accumulate = accumulate
        for values in [x, dy] { Self.vary(values.matrix) }
        for values in [y, dx] { Self.startLow(values.matrix) }
    }

    /// Ties, values that are not finite, and such as make products and sums that are subnormal or nearly so.
    private static func vary(_ matrix: Matrix) {
        for row in 0..<matrix.rows {
            let values = matrix.row(row)
            for column in values.indices {
                switch (row % 10, column % 7) {
                case (1, 2): values[column] = Float(bitPattern: 0x3F80_8000 &+ UInt32(column % 3) << 16)
                case (2, _): values[column] *= 0x1p-120
                case (3, _): values[column] *= 0x1p-126
                case (4, _): values[column] *= 0x1p-145
                case (5, 3): values[column] = column > 50 ? .infinity : -.infinity
                case (6, 5) where column > 30: values[column] = Float(bitPattern: 0x7F80_0001)
                case (7, _): values[column] *= 0x1p120
                case (8, _): values[column] = column % 2 == 0 ? 0 : -0.0
                case (9, 1): values[column] = .greatestFiniteMagnitude
                default: break
                }
            }
        }
    }

    /// In the rows of small products the old values are small too.
    private static func startLow(_ matrix: Matrix) {
        for row in 0..<matrix.rows where (2...4).contains(row % 10) {
            for column in matrix.row(row).indices { matrix.row(row)[column] *= column % 2 == 0 ? 0x1p-125 : 0x1p-130 }
        }
    }

    func run(on context: KernelContext) {
        context.multiply(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate, compute: .bf16)
        context.multiplyTransposed(dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate, compute: .bf16)
    }

    func runReference() {
        Reference.multiplyBF16(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate)
        Reference.multiplyTransposedBF16(dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate)
    }

    var bits: [UInt32] { y.bits + dx.bits }
}
