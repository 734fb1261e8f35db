import Buffers
import Kernels
import Testing

@Suite("Attention")
struct AttentionTests {
    @Test(
        "forward and backward equal the reference to the bit",
        arguments: [(4, 1, 1), (16, 4, 2), (17, 3, 1), (40, 4, 4), (64, 7, 1), (80, 2, 2), (3, 260, 1)])
    func equalsReference(headSize: Int, heads: Int, kvHeads: Int) throws {
        let contexts = try everyContext()
        // Longer than a strip of queries, a block of keys, and what a thread takes at once.
        for lengths in [[1], [7, 0, 33], [20, 65], [300, 16, 131]] where heads < 100 || lengths[0] < 100 {
            for window in [nil, 1, 19, 130] as [Int?] {
                func problem() throws -> AttentionCase {
                    try AttentionCase(
                        headSize: headSize, heads: heads, kvHeads: kvHeads, lengths: lengths, window: window, seed: 1)
                }
                let expected = try problem()
                expected.runReference(on: contexts[0])
                for context in contexts {
                    let result = try problem()
                    result.run(on: context)
                    #expect(
                        result.bits == expected.bits,
                        "\(lengths), window \(window ?? 0), \(context.instructionSet.rawValue), \(context.threads)")
                }
            }
        }
    }

    @Test("the reference is softmax attention and its gradient", arguments: [nil, 5] as [Int?])
    func isAttention(window: Int?) throws {
        let context = try KernelContext(threads: 1, instructionSet: .portable)
        let problem = try AttentionCase(
            headSize: 6, heads: 4, kvHeads: 2, lengths: [9, 14], window: window, seed: 2)
        problem.runReference(on: context)
        let exact = ExactAttention(problem)
        expectClose(covered(problem.output, by: problem), covered(exact.output, by: problem))
        expectClose(covered(problem.dq, by: problem), covered(exact.dq, by: problem))
        expectClose(problem.dk.elements, exact.dk.flatMap { $0 })
        expectClose(problem.dv.elements, exact.dv.flatMap { $0 })
    }

    private func covered(_ values: Values, by problem: AttentionCase) -> [Float] {
        rows(of: problem).flatMap { Array(values.matrix.row($0)) }
    }

    private func covered(_ values: [[Double]], by problem: AttentionCase) -> [Double] {
        rows(of: problem).flatMap { values[$0] }
    }

    /// The rows that have a query.
    private func rows(of problem: AttentionCase) -> [Int] {
        problem.segments.flatMap { Array(Int($0.queryStart)..<Int($0.queryStart + $0.queryCount)) }
    }
}
