import Buffers
import Kernels
import Quantization

/// One forward and one backward product in bf16 or int8, on values of every kind that the arithmetic distinguishes.
struct LowPrecisionCase {
    static let formats: [WeightFormat] = [
        .fp32, .bf16, .fp16, .nf4(), .nf4(doubleQuantized: false), .nf4(blockSize: 32), .nf4(blockSize: 128), .fp4(),
        .fp4(doubleQuantized: false),
    ]

    let compute: Compute
    let x, y, dy, dx: Values
    let weight: StoredWeight
    let accumulate: Bool

    init(_ compute: Compute, m: Int, k: Int, n: Int, format: WeightFormat, accumulate: Bool) throws {
        self.compute = compute
        self.accumulate = accumulate
        x = try Values(m, k, seed: 1, padding: 3, shift: 1)
        y = try Values(m, n, seed: 2, padding: 1)
        dy = try Values(m, n, seed: 3, padding: 2, shift: 3)
        dx = try Values(m, k, seed: 4, padding: 5)
        let values = try Values(n, k, seed: 5)
        if compute == .bf16, !format.isQuantized { BF16Inputs.varyWeight(values.matrix) }
        weight = try StoredWeight(
            format: format, values: values, context: try KernelContext(threads: 1, instructionSet: .portable))
        for input in [x, dy] { compute == .bf16 ? BF16Inputs.vary(input.matrix) : Int8Inputs.vary(input.matrix) }
        for output in [y, dx] where compute == .bf16 { BF16Inputs.startLow(output.matrix) }
    }

    func run(on context: KernelContext, backward: Bool = true) {
        context.multiply(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate, compute: compute)
        guard backward else { return }
        context.multiplyTransposed(
            dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate, compute: compute)
    }

    func runReference(backward: Bool = true) {
        Reference.multiply(x.matrix, by: weight.view, into: y.matrix, accumulate: accumulate, compute: compute)
        guard backward else { return }
        Reference.multiplyTransposed(
            dy.matrix, by: weight.view, into: dx.matrix, accumulate: accumulate, compute: compute)
    }

    var bits: [UInt32] { y.bits + dx.bits }
}
