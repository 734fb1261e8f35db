import Buffers
import Kernels

/// An attention problem of ragged segments with all its inputs and outputs.
struct AttentionCase {
    let q, k, v, output, logSumExp, dOutput, dq, dk, dv: Values
    let segments: [AttentionSegment]
    let headSize, heads, kvHeads: Int
    let window: Int?
    let scale: Float

    /// Segments of `lengths` keys; the last one has queries only in its second half, as in generation.
    init(headSize: Int, heads: Int, kvHeads: Int, lengths: [Int], window: Int?, seed: UInt64) throws {
        let rows = lengths.reduce(0, +)
        func wide(_ number: UInt64) throws -> Values {
            try Values(rows, heads * headSize, seed: seed + number, padding: 3, shift: 1)
        }
        func narrow(_ number: UInt64) throws -> Values {
            try Values(rows, kvHeads * headSize, seed: seed + number, padding: 1)
        }
        (q, k, v) = (try wide(0), try narrow(1), try narrow(2))
        (output, dOutput, dq) = (try wide(3), try wide(4), try wide(5))
        (dk, dv) = (try narrow(6), try narrow(7))
        logSumExp = try Values(rows, heads, seed: seed + 8)
        var start = 0
        var segments: [AttentionSegment] = []
        for length in lengths {
            segments.append(AttentionSegment(start: start, count: length))
            start += length
        }
        if let last = segments.popLast() {
            var late = last
            late.queryOffset = last.keyCount / 2
            late.queryCount = last.keyCount - late.queryOffset
            segments.append(late)
        }
        self.segments = segments
        (self.headSize, self.heads, self.kvHeads, self.window) = (headSize, heads, kvHeads, window)
        scale = 1 / Float(headSize).squareRoot()
    }

    var bits: [UInt32] { [output, logSumExp, dq, dk, dv].flatMap(\.bits) }

    func run(on context: KernelContext) {
        segments.withUnsafeBufferPointer { segments in
            context.attention(
                q: q.matrix, k: k.matrix, v: v.matrix, segments: segments, headSize: headSize, scale: scale,
                window: window, output: output.matrix, logSumExp: logSumExp.matrix)
            context.attentionBackward(
                dOutput: dOutput.matrix, q: q.matrix, k: k.matrix, v: v.matrix, output: output.matrix,
                logSumExp: logSumExp.matrix, segments: segments, headSize: headSize, scale: scale, window: window,
                dq: dq.matrix, dk: dk.matrix, dv: dv.matrix)
        }
    }

    func runReference(on context: KernelContext) {
        segments.withUnsafeBufferPointer { segments in
            let arguments = AttentionArguments(
                q: q.matrix, k: k.matrix, v: v.matrix, output: output.matrix, logSumExp: logSumExp.matrix,
                segments: segments, headSize: headSize, scale: scale, window: window)
            Reference.attention(context, arguments)
            Reference.attentionBackward(
                context, arguments, dOutput: dOutput.matrix, dq: dq.matrix, dk: dk.matrix, dv: dv.matrix)
        }
    }
}
