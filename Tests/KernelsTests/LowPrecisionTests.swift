import Buffers
import Kernels
import Quantization
import Testing

@Suite("Matrix products in bf16 and in 8 bits")
struct LowPrecisionTests {
    /// Around the sizes of both arithmetics' tiles, blocks and panels.
    static let shapes = [
        (0, 5, 7), (1, 1, 1), (1, 300, 33), (3, 0, 9), (5, 64, 16), (6, 63, 70), (7, 65, 31), (13, 192, 65),
        (25, 128, 129), (12, 31, 300), (11, 1, 64), (10, 1100, 70), (10, 70, 1100),
    ]

    @Test(
        "forward and backward are the plain loops, on every instruction set and any number of threads",
        arguments: [Compute.bf16, .int8], LowPrecisionCase.formats)
    func equalsReference(compute: Compute, format: WeightFormat) throws {
        let contexts = try everyContext()
        for (index, (m, k, n)) in Self.shapes.enumerated() {
            func make() throws -> LowPrecisionCase {
                try LowPrecisionCase(compute, m: m, k: k, n: n, format: format, accumulate: index % 2 == 0)
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

    @Test(
        "a row does not depend on how many there are, nor on how the reduction is cut",
        arguments: [Compute.bf16, .int8], [3000, 3001])
    func large(compute: Compute, depth: Int) throws {
        let context = try KernelContext(threads: 2)
        let w = try StoredWeight(format: .bf16, rows: 40, columns: depth, seed: 2, context: context)
        let (x, y) = (try Values(4100, depth, seed: 1), try Values(4100, 40, seed: 3))
        context.multiply(x.matrix, by: w.view, into: y.matrix, accumulate: false, compute: compute)
        for row in [0, 13, 3071, 3072, 4091, 4092, 4099] {
            let one = try Values(1, 40, seed: 4)
            Reference.multiply(
                x.matrix.rows(from: row, count: 1), by: w.view, into: one.matrix, accumulate: false, compute: compute)
            #expect(Array(one.matrix.row(0)) == Array(y.matrix.row(row)))
        }
    }
}
