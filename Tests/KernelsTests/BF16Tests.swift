import Buffers
import Kernels
import Quantization
import Testing

@Suite("Matrix products in bf16")
struct BF16Tests {
    static let formats: [WeightFormat] = [
        .fp32, .bf16, .fp16, .nf4(), .nf4(doubleQuantized: false), .nf4(blockSize: 32), .nf4(blockSize: 128), .fp4(),
        .fp4(doubleQuantized: false),
    ]

    @Test(
        "forward and backward are the plain loops, on every instruction set and any number of threads",
        arguments: formats)
    func equalsReference(format: WeightFormat) throws {
        let shapes = [
            (0, 5, 7), (1, 1, 1), (1, 300, 33), (3, 0, 9), (5, 64, 16), (11, 63, 70), (12, 65, 31), (13, 192, 65),
            (25, 128, 129), (12, 31, 300), (11, 1, 64), (10, 1100, 70), (10, 70, 1100),
        ]
        let contexts = try everyContext()
        for (index, (m, k, n)) in shapes.enumerated() {
            func make() throws -> BF16Case {
                try BF16Case(m: m, k: k, n: n, format: format, accumulate: index % 2 == 0)
            }
            let expected = try make()
            expected.runReference()
            for context in contexts {
                let problem = try make()
                problem.run(on: context)
                #expect(
                    problem.bits == expected.bits,
                    "\((m, k, n)), \(context.instructionSet.rawValue), \(context.threads) threads")
            }
        }
    }

    @Test("a row does not depend on how many there are, nor on how the reduction is cut")
    func large() throws {
        let context = try KernelContext(threads: 2)
        let w = try StoredWeight(format: .bf16, rows: 40, columns: 3001, seed: 2, context: context)
        let (x, y) = (try Values(4100, 3001, seed: 1), try Values(4100, 40, seed: 3))
        context.multiply(x.matrix, by: w.view, into: y.matrix, accumulate: false, compute: .bf16)
        for row in [0, 13, 4091, 4092, 4099] {
            let one = try Values(1, 40, seed: 4)
            Reference.multiplyBF16(x.matrix.rows(from: row, count: 1), by: w.view, into: one.matrix, accumulate: false)
            #expect(Array(one.matrix.row(0)) == Array(y.matrix.row(row)))
        }
    }

    @Test("what bf16 can hold is multiplied as in fp32, and what it cannot is off by its rounding", arguments: formats)
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
