import Buffers

/// Double quantisation: the fp32 scales of a tensor in 8 bits, around their mean, with one fp32 scale for every 256.
///
/// Bit-exact with bitsandbytes 0.50.2 on a CPU with one thread (with more, torch splits the mean of more than 32,768
/// scales in a way that depends on their number).
package enum ScaleCodec {
    /// Encodes `scales` and returns their mean, the offset that `decode` adds again.
    ///
    /// - Parameters:
    ///   - codes: one 8-bit code for every scale.
    ///   - nestedScales: one value for every 256 scales, the last block maybe shorter.
    package static func encode(
        _ scales: UnsafeBufferPointer<Float>, codes: UnsafeMutableBufferPointer<UInt8>,
        nestedScales: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        precondition(codes.count == scales.count)
        precondition(nestedScales.count == scales.count.dividedRoundingUp(by: WeightFormat.nestedBlockSize))
        let offset = mean(scales)
        for block in nestedScales.indices {
            let first = block * WeightFormat.nestedBlockSize
            let run = first..<min(first + WeightFormat.nestedBlockSize, scales.count)
            var greatest: Float = 0
            for index in run { greatest = max(greatest, abs(scales[index] - offset)) }
            nestedScales[block] = greatest
            let reciprocal = 1 / greatest
            for index in run {
                codes[index] = greatest == 0 ? 0 : DynamicMap.code(of: (scales[index] - offset) * reciprocal)
            }
        }
        return offset
    }

    /// The scale that a code stands for.
    package static func decode(_ code: UInt8, nestedScale: Float, offset: Float) -> Float {
        DynamicMap.signed[Int(code)] * nestedScale + offset
    }

    /// The mean as torch computes it on one thread: a cascade of sums over 8 lanes and 4 interleaved vectors, so that
    /// rounding grows with the logarithm of the count. NaN for no values.
    package static func mean(_ values: UnsafeBufferPointer<Float>) -> Float {
        if values.count < 8 { return meanOfFew(values) }
        let vectorCount = values.count / 8
        func vector(_ index: Int) -> SIMD8<Float> {
            var lanes = SIMD8<Float>()
            for lane in 0..<8 { lanes[lane] = values[index * 8 + lane] }
            return lanes
        }
        var sums = cascadeSums(rowCount: vectorCount / 4) { row, column in vector(row * 4 + column) }
        for index in (vectorCount / 4 * 4)..<vectorCount { sums[0] += vector(index) }
        for column in 1..<4 { sums[0] += sums[column] }
        var total: Float = 0
        for index in (vectorCount * 8)..<values.count { total += values[index] }
        for lane in 0..<8 { total += sums[0][lane] }
        return total / Float(values.count)
    }

    /// The mean of less than one vector: the scalars are interleaved by four.
    private static func meanOfFew(_ values: UnsafeBufferPointer<Float>) -> Float {
        let interleaved = values.count / 4 * 4
        var sums = SIMD4<Float>()
        for index in 0..<interleaved { sums[index % 4] += values[index] }
        for index in interleaved..<values.count { sums[0] += values[index] }
        return (((sums[0] + sums[1]) + sums[2]) + sums[3]) / Float(values.count)
    }

    /// The sums of four columns, each added up in runs, runs of runs, and so on: four levels.
    private static func cascadeSums(rowCount: Int, _ element: (Int, Int) -> SIMD8<Float>) -> [SIMD8<Float>] {
        let ceilLog2 = rowCount <= 1 ? 0 : Int.bitWidth - (rowCount - 1).leadingZeroBitCount
        let levelPower = max(4, ceilLog2 / 4)
        let runLength = 1 << levelPower
        var levels = [[SIMD8<Float>]](repeating: [SIMD8<Float>](repeating: .zero, count: 4), count: 4)
        var row = 0
        while row + runLength <= rowCount {
            for _ in 0..<runLength {
                for column in 0..<4 { levels[0][column] += element(row, column) }
                row += 1
            }
            for level in 1..<4 {
                for column in 0..<4 {
                    levels[level][column] += levels[level - 1][column]
                    levels[level - 1][column] = .zero
                }
                if row & ((runLength - 1) << (level * levelPower)) != 0 { break }
            }
        }
        while row < rowCount {
            for column in 0..<4 { levels[0][column] += element(row, column) }
            row += 1
        }
        for level in 1..<4 {
            for column in 0..<4 { levels[0][column] += levels[level][column] }
        }
        return levels[0]
    }
}
