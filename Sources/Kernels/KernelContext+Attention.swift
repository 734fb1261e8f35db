package import Buffers
import CKernels

extension KernelContext {
    /// Causal, grouped-query attention of the rows of each segment among themselves.
    ///
    /// - Parameters:
    ///   - q: [Mq, heads · headSize]; k, v: [Mk, kvHeads · headSize]; all finite.
    ///   - scale: > 0.
    ///   - window: how many keys back a query sees, its own included; nil: all.
    ///   - o: [Mq, heads · headSize].
    ///   - logSumExp: [Mq, heads], which the backward pass needs.
    package func attention(
        q: Matrix, k: Matrix, v: Matrix, segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float,
        window: Int?, output o: Matrix, logSumExp: Matrix
    ) {
        let arguments = AttentionArguments(
            q: q, k: k, v: v, output: o, logSumExp: logSumExp, segments: segments, headSize: headSize, scale: scale,
            window: window)
        withProblem(arguments) { problem in run { sk_attention($0, problem) } }
    }

    /// Writes the gradients of `attention`: dq as q, dk and dv as k; rows that are in no segment are left alone.
    ///
    /// Segments must not share keys.
    package func attentionBackward(
        dOutput: Matrix, q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSumExp: Matrix,
        segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float, window: Int?, dq: Matrix,
        dk: Matrix, dv: Matrix
    ) {
        precondition(dOutput.hasShape(of: q) && dq.hasShape(of: q) && dk.hasShape(of: k) && dv.hasShape(of: k))
        let arguments = AttentionArguments(
            q: q, k: k, v: v, output: output, logSumExp: logSumExp, segments: segments, headSize: headSize,
            scale: scale, window: window)
        withProblem(arguments) { problem in
            run { sk_attention_backward($0, problem, dOutput.native, dq.native, dk.native, dv.native) }
        }
    }

    /// Checks the shapes and hands the arguments over as the kernels take them.
    func withProblem(_ a: AttentionArguments, _ body: (UnsafePointer<sk_attention_problem>) -> Void) {
        precondition(a.headSize > 0 && a.q.columns % a.headSize == 0 && a.k.columns % a.headSize == 0)
        precondition(a.k.hasShape(of: a.v) && a.output.hasShape(of: a.q))
        let heads = a.q.columns / a.headSize
        let kvHeads = a.k.columns / a.headSize
        precondition(kvHeads > 0 && heads % kvHeads == 0)
        precondition(a.logSumExp.rows == a.q.rows && a.logSumExp.columns == heads && a.window ?? 1 > 0 && a.scale > 0)
        for segment in a.segments { check(segment, queries: a.q.rows, keys: a.k.rows) }
        a.segments.withMemoryRebound(to: sk_segment.self) { segments in
            var problem = sk_attention_problem(
                q: a.q.native, k: a.k.native, v: a.v.native, output: a.output.native,
                log_sum_exp: a.logSumExp.native, segments: segments.baseAddress,
                segment_count: Int64(segments.count), head_size: Int64(a.headSize), heads: Int64(heads),
                kv_heads: Int64(kvHeads), scale: a.scale, window: Int64(a.window ?? 0))
            body(&problem)
        }
    }

    private func check(_ segment: AttentionSegment, queries: Int, keys: Int) {
        precondition(segment.queryStart >= 0 && segment.queryCount >= 0 && segment.keyStart >= 0)
        precondition(segment.keyCount >= 0 && segment.queryOffset >= 0)
        precondition(Int(segment.queryStart) + Int(segment.queryCount) <= queries)
        precondition(Int(segment.keyStart) + Int(segment.keyCount) <= keys)
        precondition(Int(segment.queryOffset) + Int(segment.queryCount) <= Int(segment.keyCount))
    }
}
