import Buffers
import Kernels
import Quantization
import Testing

/// Products with few rows have kernels of their own; which one works must not show.
@Suite("Matrix products with few rows")
struct FewRowsTests {
    static let formats: [WeightFormat] = [
        .fp32, .bf16, .fp16, .nf4(), .nf4(doubleQuantized: false), .nf4(blockSize: 128), .nf4(blockSize: 4096),
        .fp4(), .fp4(doubleQuantized: false),
    ]

    /// Weights of one to many registers and threads, whose scales change their factor within a row.
    static let shapes: [(k: Int, n: Int)] = [
        (64, 1), (64, 16), (128, 17), (192, 65), (1344, 40), (4160, 33), (320, 600),
    ]

    @Test("in 8 bits are the plain loops, massive and unusual values among them", arguments: formats)
    func int8(format: WeightFormat) throws {
        let contexts = try everyContext()
        for (index, shape) in Self.shapes.enumerated() {
            for m in [1, 3, 5, 9, 12] {
                func make() throws -> LowPrecisionCase {
                    try LowPrecisionCase(
                        .int8, m: m, k: shape.k, n: shape.n, format: format, accumulate: (index + m) % 2 == 0)
                }
                let expected = try make()
                expected.runReference(backward: false)
                for context in contexts {
                    let problem = try make()
                    problem.run(on: context, backward: false)
                    #expect(
                        problem.bits == expected.bits,
                        "\(m), \(shape), \(context.instructionSet.rawValue), \(context.threads) threads")
                }
            }
        }
    }

    @Test("in fp32 are the chains over the decoded values", arguments: formats)
    func fp32(format: WeightFormat) throws {
        let contexts = try everyContext()
        for shape in Self.shapes + [(k: 33, n: 20), (k: 2, n: 70)] {
            let stored = try StoredWeight(
                format: format, rows: shape.n, columns: shape.k, seed: 2, context: contexts[0])
            let decoded = try Values(shape.n, shape.k, seed: 0)
            contexts[0].decode(stored.view, rows: 0..<shape.n, into: decoded.matrix)
            for m in [1, 2, 7, 16, 18] {
                let x = try Values(m, shape.k, seed: 1, padding: 3, shift: 1)
                let expected = try Values(m, shape.n, seed: 3, padding: 1)
                Reference.multiply(
                    x.matrix, by: WeightView(decoded.matrix), into: expected.matrix, accumulate: m % 2 == 0)
                for context in contexts {
                    let y = try Values(m, shape.n, seed: 3, padding: 1)
                    context.multiply(x.matrix, by: stored.view, into: y.matrix, accumulate: m % 2 == 0)
                    #expect(
                        y.bits == expected.bits,
                        "\(m), \(shape), \(context.instructionSet.rawValue), \(context.threads) threads")
                }
            }
        }
    }

    @Test("a row has the same bits alone, among few and among many", arguments: [Compute.fp32, .int8])
    func neighbours(compute: Compute) throws {
        let context = try KernelContext(threads: 2)
        for format in Self.formats {
            let w = try StoredWeight(format: format, rows: 70, columns: 640, seed: 4, context: context)
            let (x, y) = (try Values(40, 640, seed: 5), try Values(40, 70, seed: 6))
            x.matrix.row(2)[100] = 300
            context.multiply(x.matrix, by: w.view, into: y.matrix, accumulate: false, compute: compute)
            for count in [1, 4, 9, 16] {
                let few = try Values(count, 70, seed: 7)
                context.multiply(
                    x.matrix.rows(from: 1, count: count), by: w.view, into: few.matrix, accumulate: false,
                    compute: compute)
                #expect(few.elements == (1...count).flatMap { Array(y.matrix.row($0)) }, "\(count) rows, \(format)")
            }
        }
    }
}
