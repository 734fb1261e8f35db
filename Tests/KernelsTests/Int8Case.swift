import Buffers
import Kernels
import Quantization

/// One forward and one backward product in 8 bits, on activations of every kind that quantisation distinguishes.
struct Int8Case {
    let x, y, dy, dx: Values
    let weight: StoredWeight
    let accumulate: Bool

    init(m: Int, k: Int, n: Int, format: WeightFormat, accumulate: Bool) throws {
        let portable = try KernelContext(threads: 1, instructionSet: .portable)
        x = try Values(m, k, seed: 1, padding: 3, shift: 1)
        y = try Values(m, n, seed: 2, padding: 1)
        dy = try Values(m, n, seed: 3, padding: 2, shift: 3)
        dx = try Values(m, k, seed: 4, padding: 5)
        weight = try StoredWeight(format: format, rows: n, columns: k, seed: 5, context: portable)
        self.accumulate = accumulate
        for values in [x, dy] { Self.vary(values.matrix) }
    }

    /// Massive values alone, by twos and in steps; zeros; scales at the limits; values that are not finite.
    private static func vary(_ matrix: Matrix) {
        for row in 0..<matrix.rows {
            let values = matrix.row(row)
            for column in values.indices {
                switch (row % 11, column % 64) {
                case (1, 7), (2, 5), (2, 63): values[column] = 1000
                case (2, 17): values[column] *= 200
                case (3, 0...40), (4, _): values[column] = column % 2 == 0 ? 0 : -0.0
                case (5, _): values[column] *= 0x1p-120
                case (6, _): values[column] *= 0x1p-99
                case (7, _): values[column] *= 0x1p110
                case (8, 3) where column > 64: values[column] = .infinity
                case (9, 9) where column < 64: values[column] = .nan
                // All codes are halves: ties go to the even neighbour.
                case (10, let j): values[column] = j == 0 ? 127 : Float(j) - 32.5
                default: break
                }
            }
        }
    }

    func run(on context: KernelContext, backward: Bool = true) {
        context.multiply(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate, compute: .int8)
        guard backward else { return }
        context.multiplyTransposed(dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate, compute: .int8)
    }

    func runReference(backward: Bool = true) {
        Reference.multiplyInt8(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate)
        guard backward else { return }
        Reference.multiplyTransposedInt8(dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate)
    }

    var bits: [UInt32] { y.bits + dx.bits }
}
