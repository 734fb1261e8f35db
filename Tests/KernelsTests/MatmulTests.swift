import Buffers
import Kernels
import Quantization
import Testing

@Suite("Matrix products")
struct MatmulTests {
    static let shapes: [(m: Int, k: Int, n: Int)] = [
        (0, 5, 7), (1, 1, 1), (1, 300, 33), (3, 0, 9), (5, 16, 16), (13, 17, 70), (14, 64, 65), (15, 172, 100),
        (29, 515, 66), (31, 7, 300), (65, 33, 129), (100, 100, 4), (300, 16, 300), (129, 270, 64), (257, 17, 33),
    ]

    @Test("forward, backward and gradient are the reference's chains", arguments: [false, true])
    func equalsReference(accumulate: Bool) throws {
        let contexts = try everyContext()
        for shape in Self.shapes {
            let results = try contexts.map { try products(shape, accumulate: accumulate, on: $0) }
            let expected = try products(shape, accumulate: accumulate, on: nil)
            for (context, result) in zip(contexts, results) {
                #expect(result == expected, "\(shape), \(context.instructionSet.rawValue), \(context.threads) threads")
            }
        }
    }

    private func products(
        _ shape: (m: Int, k: Int, n: Int), accumulate: Bool, on context: KernelContext?
    ) throws -> [UInt32] {
        let x = try Values(shape.m, shape.k, seed: 1, padding: 3, shift: 1)
        let w = try Values(shape.n, shape.k, seed: 2)
        let y = try Values(shape.m, shape.n, seed: 3, padding: 1)
        let dx = try Values(shape.m, shape.k, seed: 4, padding: 2)
        let dw = try Values(shape.n, shape.k, seed: 5, padding: 1, shift: 3)
        if let context {
            context.multiply(x.matrix, by: WeightView(w.matrix), into: y.matrix, accumulate: accumulate)
            context.multiplyTransposed(y.matrix, by: WeightView(w.matrix), into: dx.matrix, accumulate: accumulate)
            context.multiplyGradient(y.matrix, x.matrix, into: dw.matrix, accumulate: accumulate)
        } else {
            Reference.multiply(x.matrix, by: WeightView(w.matrix), into: y.matrix, accumulate: accumulate)
            Reference.multiplyTransposed(y.matrix, by: WeightView(w.matrix), into: dx.matrix, accumulate: accumulate)
            Reference.multiplyGradient(y.matrix, x.matrix, into: dw.matrix, accumulate: accumulate)
        }
        return y.bits + dx.bits + dw.bits
    }

    @Test(
        "a stored weight multiplies as its decoded values do",
        arguments: [
            WeightFormat.fp16, .bf16, .nf4(), .nf4(doubleQuantized: false), .nf4(blockSize: 32), .nf4(blockSize: 4096),
            .fp4(), .fp4(blockSize: 32, doubleQuantized: false),
        ])
    func formats(format: WeightFormat) throws {
        for context in try everyContext() {
            for (n, k) in [(40, 64), (67, 172), (33, 129), (5, 1), (1, 31), (130, 320)] {
                let stored = try StoredWeight(format: format, rows: n, columns: k, seed: 2, context: context)
                let w = try Values(n, k, seed: 0)
                context.decode(stored.view, rows: 0..<n, into: w.matrix)
                let x = try Values(20, k, seed: 1)
                let y = try Values(20, n, seed: 3)
                let expected = try Values(20, n, seed: 3)
                context.multiply(x.matrix, by: stored.view, into: y.matrix, accumulate: false)
                Reference.multiply(x.matrix, by: WeightView(w.matrix), into: expected.matrix, accumulate: false)
                #expect(y.bits == expected.bits, "\(n) × \(k)")
                context.multiplyTransposed(y.matrix, by: stored.view, into: x.matrix, accumulate: true)
                let again = try Values(20, k, seed: 1)
                Reference.multiplyTransposed(y.matrix, by: WeightView(w.matrix), into: again.matrix, accumulate: true)
                #expect(x.bits == again.bits, "\(n) × \(k)")
            }
        }
    }

    @Test("a long reduction and many rows are cut without a trace")
    func large() throws {
        let w = try Values(70, 9000, seed: 2)
        let x = try Values(300, 9000, seed: 1)
        let expected = try Values(300, 70, seed: 3)
        let context = try KernelContext(threads: 2)
        context.multiply(x.matrix, by: WeightView(w.matrix), into: expected.matrix, accumulate: false)
        for row in [0, 13, 299] {
            let one = try Values(1, 70, seed: 4)
            Reference.multiply(
                x.matrix.rows(from: row, count: 1), by: WeightView(w.matrix), into: one.matrix, accumulate: false)
            #expect(Array(one.matrix.row(0)) == Array(expected.matrix.row(row)))
        }
    }
}
