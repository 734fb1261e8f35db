import Buffers

extension KernelBenchmark {
    static var attentionPlans: [Plan] {
        [(4, 256, 4), (1, 2048, 2)].flatMap { segments, length, kvHeads in
            [false, true].map { back in
                let kernels =
                    ["tile_strided", "finish"] + (back ? ["tile_packed", "softmax_backward", "dot"] : ["softmax"])
                return Plan(kernels: kernels) { context, _ in
                    try attention(
                        segments: segments, length: length, heads: 8, kvHeads: kvHeads, context: context, back: back)
                }
            }
        }
    }

    /// All that attention reads and writes, with heads of 64.
    private struct Problem {
        static let headSize = 64
        let wide: [OwnedMatrix]
        let narrow: [OwnedMatrix]
        let logSumExp: OwnedMatrix
        let segments: [AttentionSegment]

        init(segments count: Int, length: Int, heads: Int, kvHeads: Int) throws {
            let rows = count * length
            wide = try (0..<4).map { try values(rows, heads * Self.headSize, seed: UInt64($0)) }
            narrow = try (4..<8).map { try values(rows, kvHeads * Self.headSize, seed: UInt64($0)) }
            logSumExp = try OwnedMatrix(rows: rows, columns: heads)
            segments = (0..<count).map { AttentionSegment(start: $0 * length, count: length) }
        }

        func withArguments(_ body: (AttentionArguments) -> Void) {
            segments.withUnsafeBufferPointer {
                body(
                    AttentionArguments(
                        q: wide[0].matrix, k: narrow[0].matrix, v: narrow[1].matrix, output: wide[1].matrix,
                        logSumExp: logSumExp.matrix, segments: $0, headSize: Self.headSize, scale: 0.125, window: nil))
            }
        }

        func forward(_ context: KernelContext) {
            withArguments {
                context.attention(
                    q: $0.q, k: $0.k, v: $0.v, segments: $0.segments, headSize: $0.headSize, scale: $0.scale,
                    window: nil, output: $0.output, logSumExp: $0.logSumExp)
            }
        }

        func backward(_ context: KernelContext) {
            withArguments {
                context.attentionBackward(
                    dOutput: wide[2].matrix, q: $0.q, k: $0.k, v: $0.v, output: $0.output, logSumExp: $0.logSumExp,
                    segments: $0.segments, headSize: $0.headSize, scale: $0.scale, window: nil, dq: wide[3].matrix,
                    dk: narrow[2].matrix, dv: narrow[3].matrix)
            }
        }

        func reference(_ context: KernelContext) {
            withArguments {
                Reference.attention(context, $0)
                Reference.attentionBackward(
                    context, $0, dOutput: wide[2].matrix, dq: wide[3].matrix, dk: narrow[2].matrix,
                    dv: narrow[3].matrix)
            }
        }
    }

    private static func attention(
        segments: Int, length: Int, heads: Int, kvHeads: Int, context: KernelContext, back: Bool
    ) throws -> Case {
        let problem = try Problem(segments: segments, length: length, heads: heads, kvHeads: kvHeads)
        problem.forward(context)
        let pairs = Double(segments * heads) * Double(length * (length + 1) / 2)
        return Case(
            name: back ? "attentionBackward" : "attention",
            shape: "\(segments)×\(length), \(heads) heads of \(Problem.headSize), \(kvHeads) kv heads",
            operations: pairs * Double(Problem.headSize) * (back ? 10 : 4), bytes: nil, runs: 5,
            body: { back ? problem.backward(context) : problem.forward(context) },
            isRight: {
                // A smaller problem of the same heads: plain loops over this one would take minutes.
                let small = try Problem(segments: 1, length: 65, heads: heads, kvHeads: kvHeads)
                let expected = try Problem(segments: 1, length: 65, heads: heads, kvHeads: kvHeads)
                small.forward(context)
                small.backward(context)
                expected.reference(context)
                return zip(small.wide + small.narrow, expected.wide + expected.narrow).allSatisfy { $0.equals($1) }
            })
    }
}
