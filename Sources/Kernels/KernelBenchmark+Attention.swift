import Buffers

extension KernelBenchmark {
    /// The shapes of a micro-batch of `bench step`'s models, and a long sequence.
    private static let attentionShapes = [
        AttentionShape(segments: 4, length: 256, headSize: 64, heads: 8, kvHeads: 4),
        AttentionShape(segments: 1, length: 512, headSize: 64, heads: 16, kvHeads: 8),
        AttentionShape(segments: 1, length: 512, headSize: 64, heads: 32, kvHeads: 4),
        AttentionShape(segments: 1, length: 512, headSize: 128, heads: 32, kvHeads: 32),
        AttentionShape(segments: 1, length: 2048, headSize: 64, heads: 8, kvHeads: 2),
    ]

    static var attentionPlans: [Plan] {
        let both = ["strips_straight", "strips_turned", "strip_rows", "strip_lanes", "strips_finish"]
        return attentionShapes.flatMap { shape in
            [
                Plan(kernels: both + ["softmax"]) { context, _ in try attention(shape, context: context, back: false) },
                Plan(kernels: both + ["softmax_backward", "strips_add", "dot"]) { context, _ in
                    try attention(shape, context: context, back: true)
                },
            ]
        }
    }

    private struct AttentionShape {
        var segments: Int
        var length: Int
        let headSize: Int
        let heads: Int
        let kvHeads: Int
    }

    /// All that attention reads and writes.
    private struct Problem {
        let shape: AttentionShape
        let wide: [OwnedMatrix]
        let narrow: [OwnedMatrix]
        let logSumExp: OwnedMatrix
        let segments: [AttentionSegment]

        init(_ shape: AttentionShape) throws {
            let rows = shape.segments * shape.length
            wide = try (0..<4).map { try values(rows, shape.heads * shape.headSize, seed: UInt64($0)) }
            narrow = try (4..<8).map { try values(rows, shape.kvHeads * shape.headSize, seed: UInt64($0)) }
            logSumExp = try OwnedMatrix(rows: rows, columns: shape.heads)
            segments = (0..<shape.segments).map { AttentionSegment(start: $0 * shape.length, count: shape.length) }
            self.shape = shape
        }

        func withArguments(_ body: (AttentionArguments) -> Void) {
            segments.withUnsafeBufferPointer {
                body(
                    AttentionArguments(
                        q: wide[0].matrix, k: narrow[0].matrix, v: narrow[1].matrix, output: wide[1].matrix,
                        logSumExp: logSumExp.matrix, segments: $0, headSize: shape.headSize, scale: 0.125, window: nil))
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

    private static func attention(_ shape: AttentionShape, context: KernelContext, back: Bool) throws -> Case {
        let problem = try Problem(shape)
        problem.forward(context)
        let pairs = Double(shape.segments * shape.heads) * Double(shape.length * (shape.length + 1) / 2)
        let (heads, kvHeads) = (shape.heads, shape.kvHeads)
        return Case(
            name: back ? "attentionBackward" : "attention",
            shape: "\(shape.segments)×\(shape.length), \(heads) heads of \(shape.headSize), \(kvHeads) kv heads",
            operations: pairs * Double(shape.headSize) * (back ? 10 : 4), bytes: nil, runs: 5,
            body: { back ? problem.backward(context) : problem.forward(context) },
            isRight: {
                // A smaller problem of the same heads: plain loops over this one would take minutes.
                var few = shape
                (few.segments, few.length) = (1, 65)
                let (small, expected) = (try Problem(few), try Problem(few))
                small.forward(context)
                small.backward(context)
                expected.reference(context)
                return zip(small.wide + small.narrow, expected.wide + expected.narrow).allSatisfy { $0.equals($1) }
            })
    }
}
