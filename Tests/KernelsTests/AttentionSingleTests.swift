import Buffers
import Kernels
import Testing

/// Single queries, which a generation has for each sequence, have a way of their own; it must not show.
@Suite("Attention of single queries")
struct AttentionSingleTests {
    @Test(
        "equals the reference to the bit",
        arguments: [
            (16, 1, 1), (64, 8, 1), (64, 32, 2), (128, 6, 3), (80, 34, 2), (32, 20, 1), (64, 40, 1), (20, 4, 2),
        ]
    )
    func equalsReference(headSize: Int, heads: Int, kvHeads: Int) throws {
        let contexts = try everyContext()
        for window in [nil, 1, 33] as [Int?] {
            let counts = [1, 15, 200, 64, 33]
            let (queries, keys) = (counts.count + 1, counts.reduce(3, +))
            let q = try Values(queries, heads * headSize, seed: 1, padding: 3, shift: 1)
            let k = try Values(keys, kvHeads * headSize, seed: 2, padding: 16)
            let v = try Values(keys, kvHeads * headSize, seed: 3, padding: 16)
            var start = 3
            var segments = [AttentionSegment(queryStart: 0, queryCount: 0, keyStart: 0, keyCount: 3, queryOffset: 0)]
            for (index, count) in counts.enumerated() {
                segments.append(
                    AttentionSegment(
                        queryStart: Int32(index + 1), queryCount: 1, keyStart: Int32(start), keyCount: Int32(count),
                        queryOffset: Int32(count - 1)))
                start += count
            }
            func result(_ body: (AttentionArguments) -> Void) throws -> [UInt32] {
                let output = try Values(queries, heads * headSize, seed: 4, padding: 2)
                let logSumExp = try Values(queries, heads, seed: 5)
                segments.withUnsafeBufferPointer {
                    body(
                        AttentionArguments(
                            q: q.matrix, k: k.matrix, v: v.matrix, output: output.matrix, logSumExp: logSumExp.matrix,
                            segments: $0, headSize: headSize, scale: 0.3, window: window))
                }
                return output.bits + logSumExp.bits
            }
            let expected = try result { Reference.attention(contexts[0], $0) }
            for context in contexts {
                let actual = try result {
                    context.attention(
                        q: $0.q, k: $0.k, v: $0.v, segments: $0.segments, headSize: $0.headSize, scale: $0.scale,
                        window: $0.window, output: $0.output, logSumExp: $0.logSumExp)
                }
                #expect(
                    actual == expected,
                    "window \(window ?? 0), \(context.instructionSet.rawValue), \(context.threads) threads")
            }
        }
    }
}
