import Buffers
import CKernels

// Exact sums of gradients and the optimiser, on flat arrays.
extension KernelContext {
    /// sums[i] += g[i] in fixed point with the last bit 2⁻⁵², ties to even.
    /// - Parameter limit: the largest magnitude that is sound, below 2,048.
    /// - Returns: false where some gradient is above the limit or not a number; `sums` is then of no use.
    package func addFixedPoint(
        _ g: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Int64>, limit: Float
    ) -> Bool {
        precondition(g.count == sums.count && limit >= 0 && limit < 2048)
        return run { sk_add_fixed_point($0, g.baseAddress, Int64(g.count), limit, sums.baseAddress) }
    }

    /// g[i] = Float(Double(sums[i]) · 2⁻⁵²) · scale.
    package func fixedPointToFloat(
        _ sums: UnsafeBufferPointer<Int64>, scale: Float, into g: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(g.count == sums.count)
        run { sk_fixed_point_to_float($0, sums.baseAddress, Int64(sums.count), scale, g.baseAddress) }
    }

    /// The sum of squares of the gradients, as `fixedPointToFloat` gives them, of every block of `blockSize` sums, in
    /// double; the last block may be short.
    package func sumOfSquares(
        _ sums: UnsafeBufferPointer<Int64>, blockSize: Int, into blocks: UnsafeMutableBufferPointer<Double>
    ) {
        precondition((1...SK_LARGEST_SQUARES_BLOCK).contains(blockSize))
        precondition(blocks.count == sums.count.dividedRoundingUp(by: blockSize))
        run { sk_sum_of_squares($0, sums.baseAddress, Int64(sums.count), Int64(blockSize), blocks.baseAddress) }
    }

    /// One step of AdamW in place, as torch.optim.AdamW computes it, from the sums of the gradients.
    package func adamW(
        parameters: UnsafeMutableBufferPointer<Float>, sums: UnsafeBufferPointer<Int64>,
        firstMoments: UnsafeMutableBufferPointer<Float>, secondMoments: UnsafeMutableBufferPointer<Float>,
        step: AdamWStep
    ) {
        let count = parameters.count
        precondition(sums.count == count && firstMoments.count == count && secondMoments.count == count)
        run {
            sk_adamw(
                $0, parameters.baseAddress, sums.baseAddress, firstMoments.baseAddress,
                secondMoments.baseAddress, Int64(count), step.native)
        }
    }

    package func fill(_ m: UnsafeMutableBufferPointer<Float>, with value: Float) {
        run { sk_fill($0, m.baseAddress, Int64(m.count), value) }
    }
}
