package import Buffers

/// What both directions of attention are about; see `KernelContext.attention` for shapes.
package struct AttentionArguments {
    package var q: Matrix
    package var k: Matrix
    package var v: Matrix
    package var output: Matrix
    package var logSumExp: Matrix
    package var segments: UnsafeBufferPointer<AttentionSegment>
    package var headSize: Int
    package var scale: Float
    package var window: Int?

    package init(
        q: Matrix, k: Matrix, v: Matrix, output: Matrix, logSumExp: Matrix,
        segments: UnsafeBufferPointer<AttentionSegment>, headSize: Int, scale: Float, window: Int?
    ) {
        self.q = q
        self.k = k
        self.v = v
        self.output = output
        self.logSumExp = logSumExp
        self.segments = segments
        self.headSize = headSize
        self.scale = scale
        self.window = window
    }
}
