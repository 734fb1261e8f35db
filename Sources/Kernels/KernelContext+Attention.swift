package import Buffers
import CKernels

extension KernelContext {
    /// Causal, grouped-query attention of the rows of each segment among themselves.
    ///
    /// - Parameters:
    ///   - q: [Mq, heads · headSize]; k, v: [Mk, kvHeads · headSize]; all finite.
    ///   - window: how many keys back a query sees, its own included; nil: all.
    ///   - o: [Mq, heads · headSize].
    ///   - logSumExp: [Mq, heads], which the backward pass needs.
    package func attention(
        q: Matrix, k: Matrix, v: Matrix, segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float,
        window: Int?, output o: Matrix, logSumExp: Matrix
    ) {
        precondition(o.hasShape(of: q))
        withProblem(
            q: q, k: k, v: v, output: o, logSumExp: logSumExp, segments: segments, headSize: headSize, scale: scale,
            window: window
        ) { problem in
            run { sk_attention($0, problem) }
        }
    }

    /// Writes the gradients of `attention`: dq as q, dk and dv as k; rows that are in no segment are left alone.
    package func attentionBackward(
        dOutput: Matrix, q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSumExp: Matrix,
        segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float, window: Int?, dq: Matrix,
        dk: Matrix, dv: Matrix
    ) {
        precondition(output.hasShape(of: q) && dOutput.hasShape(of: q) && dq.hasShape(of: q))
        precondition(dk.hasShape(of: k) && dv.hasShape(of: k))
        withProblem(
            q: q, k: k, v: v, output: output, logSumExp: logSumExp, segments: segments, headSize: headSize,
            scale: scale, window: window
        ) { problem in
            run { sk_attention_backward($0, problem, dOutput.native, dq.native, dk.native, dv.native) }
        }
    }

    func withProblem(
        q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSumExp: Matrix,
        segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float, window: Int?,
        _ body: (UnsafePointer<sk_attention_problem>) -> Void
    ) {
        precondition(headSize > 0 && q.columns % headSize == 0 && k.columns % headSize == 0 && k.hasShape(of: v))
        let heads = q.columns / headSize
        let kvHeads = k.columns / headSize
        precondition(kvHeads > 0 && heads % kvHeads == 0)
        precondition(logSumExp.rows == q.rows && logSumExp.columns == heads && window ?? 1 > 0)
        for segment in segments { check(segment, queries: q.rows, keys: k.rows) }
        segments.withMemoryRebound(to: sk_segment.self) { rebound in
            var problem = sk_attention_problem(
                q: q.native, k: k.native, v: v.native, output: output.native, log_sum_exp: logSumExp.native,
                segments: rebound.baseAddress, segment_count: Int64(rebound.count), head_size: Int64(headSize),
                heads: Int64(heads), kv_heads: Int64(kvHeads), scale: scale, window: Int64(window ?? 0))
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
