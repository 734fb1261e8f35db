import Buffers
import Kernels
import Quantization

/// Three products that share an input, two of them with a low-rank term, and one backward product with such a term.
struct LowRankCase {
    static let scale: Float = 0.75

    let x, dy, a, b, inner, dInner, dx: Values
    let outputs: [Values]
    let weights: [StoredWeight]

    init(m: Int, k: Int, n: Int, rank: Int) throws {
        let portable = try KernelContext(threads: 1, instructionSet: .portable)
        x = try Values(m, k, seed: 1, padding: 3, shift: 1)
        dy = try Values(m, n, seed: 2, padding: 1)
        a = try Values(rank, k, seed: 3)
        b = try Values(n, rank, seed: 4)
        inner = try Values(m, rank, seed: 5, padding: 1)
        dInner = try Values(m, rank, seed: 6)
        dx = try Values(m, k, seed: 7, padding: 5)
        outputs = try (0..<3).map { try Values(m, n, seed: UInt64(8 + $0), padding: $0) }
        weights = try [WeightFormat.nf4(), .bf16, .fp32].enumerated().map { index, format in
            try StoredWeight(format: format, rows: n, columns: k, seed: UInt64(20 + index), context: portable)
        }
        if m > 0, k > 0 { x.matrix.row(m - 1)[0] = 1000 }
    }

    func run(on context: KernelContext) {
        run(
            on: context, LowRankTerm(inner: inner.matrix, narrow: a.matrix, scale: Self.scale, wide: b.matrix),
            LowRankTerm(inner: dInner.matrix, narrow: b.matrix, scale: Self.scale, wide: a.matrix))
    }

    func runInHalves(on context: KernelContext) throws {
        let (y, gradient) = (
            try Values(x.matrix.rows, b.matrix.rows, seed: 0), try Values(x.matrix.rows, a.matrix.columns, seed: 0)
        )
        let forward = LowRankTerm(inner: inner.matrix, narrow: a.matrix, scale: Self.scale, wide: nil)
        let backward = LowRankTerm(inner: dInner.matrix, narrow: b.matrix, scale: Self.scale, wide: nil)
        context.multiplyInt8(
            x.matrix, LowRankProduct(weights[1].view, into: y.matrix, accumulate: false, term: forward))
        context.multiplyTransposedInt8(
            dy.matrix, LowRankProduct(weights[0].view, into: gradient.matrix, accumulate: true, term: backward))
        run(
            on: context, LowRankTerm(inner: inner.matrix, narrow: nil, scale: Self.scale, wide: b.matrix),
            LowRankTerm(inner: dInner.matrix, narrow: nil, scale: Self.scale, wide: a.matrix))
    }

    private func run(on context: KernelContext, _ forward: LowRankTerm, _ backward: LowRankTerm) {
        context.multiplyInt8(
            x.matrix,
            LowRankProduct(weights[0].view, into: outputs[0].matrix, accumulate: true, term: forward),
            LowRankProduct(weights[1].view, into: outputs[1].matrix, accumulate: false),
            LowRankProduct(weights[2].view, into: outputs[2].matrix, accumulate: false))
        context.multiplyTransposedInt8(
            dy.matrix, LowRankProduct(weights[0].view, into: dx.matrix, accumulate: true, term: backward))
    }

    func runReference() {
        multiplyInner(x.matrix, a.matrix, into: inner.matrix, transposed: false)
        for (index, weight) in weights.enumerated() {
            Reference.multiply(
                x.matrix, by: weight.view, into: outputs[index].matrix, accumulate: index == 0, compute: .int8)
        }
        Reference.multiply(inner.matrix, by: WeightView(b.matrix), into: outputs[0].matrix, accumulate: true)
        multiplyInner(dy.matrix, b.matrix, into: dInner.matrix, transposed: true)
        Reference.multiplyTransposed(
            dy.matrix, by: weights[0].view, into: dx.matrix, accumulate: true, compute: .int8)
        Reference.multiplyTransposed(dInner.matrix, by: WeightView(a.matrix), into: dx.matrix, accumulate: true)
    }

    private func multiplyInner(_ left: Matrix, _ narrow: Matrix, into inner: Matrix, transposed: Bool) {
        let multiply = transposed ? Reference.multiplyTransposed : Reference.multiply
        multiply(left, WeightView(narrow), inner, false, .int8)
        for row in 0..<inner.rows {
            for column in inner.row(row).indices { inner.row(row)[column] *= Self.scale }
        }
    }

    var bits: [UInt32] { inner.bits + dInner.bits + dx.bits + outputs.flatMap(\.bits) }
}
