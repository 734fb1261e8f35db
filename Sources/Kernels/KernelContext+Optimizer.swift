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

    /// The sum of squares of every block of `blockSize` elements, in double; the last block may be short.
    package func sumOfSquares(
        _ g: UnsafeBufferPointer<Float>, blockSize: Int, into blocks: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(blockSize > 0 && blocks.count == g.count.dividedRoundingUp(by: blockSize))
        run { sk_sum_of_squares($0, g.baseAddress, Int64(g.count), Int64(blockSize), blocks.baseAddress) }
    }

    /// One step of AdamW in place, as torch.optim.AdamW computes it.
    package func adamW(
        parameters: UnsafeMutableBufferPointer<Float>, gradients: UnsafeMutableBufferPointer<Float>,
        firstMoments: UnsafeMutableBufferPointer<Float>, secondMoments: UnsafeMutableBufferPointer<Float>,
        step: AdamWStep
    ) {
        let count = parameters.count
        precondition(gradients.count == count && firstMoments.count == count && secondMoments.count == count)
        run {
            sk_adamw(
                $0, parameters.baseAddress, gradients.baseAddress, firstMoments.baseAddress,
                secondMoments.baseAddress, Int64(count), step.native)
        }
    }

    package func fill(_ m: UnsafeMutableBufferPointer<Float>, with value: Float) {
        run { sk_fill($0, m.baseAddress, Int64(m.count), value) }
    }
}
