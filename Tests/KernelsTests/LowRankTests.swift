import Buffers
import Kernels
import Quantization
import Testing

@Suite("Products in 8 bits with low-rank terms")
struct LowRankTests {
    static let shapes: [(m: Int, k: Int, n: Int, rank: Int)] = [
        (0, 64, 33, 4), (1, 1, 1, 1), (7, 65, 31, 16), (13, 192, 65, 17), (23, 128, 129, 3), (5, 70, 300, 130),
        (70, 2200, 40, 16), (1, 192, 70, 16), (4, 128, 200, 9), (3, 64, 20, 140), (3100, 64, 20, 5),
    ]

    @Test(
        "are the plain loops one after the other, on every instruction set and any number of threads", arguments: shapes
    )
    func equalsReference(shape: (m: Int, k: Int, n: Int, rank: Int)) throws {
        let expected = try problem(shape)
        expected.runReference()
        for context in try everyContext() {
            let actual = try problem(shape)
            actual.run(on: context)
            #expect(actual.bits == expected.bits, "\(context.instructionSet.rawValue), \(context.threads) threads")
        }
    }

    private func problem(_ shape: (m: Int, k: Int, n: Int, rank: Int)) throws -> LowRankCase {
        try LowRankCase(m: shape.m, k: shape.k, n: shape.n, rank: shape.rank)
    }

    @Test("a term whose inner side is given only adds it; one without a wide side only makes it")
    func halves() throws {
        for context in try everyContext() {
            let (whole, parts) = (
                try LowRankCase(m: 9, k: 130, n: 70, rank: 8), try LowRankCase(m: 9, k: 130, n: 70, rank: 8)
            )
            whole.run(on: context)
            try parts.runInHalves(on: context)
            #expect(whole.bits == parts.bits)
        }
    }
}
