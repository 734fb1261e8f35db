/// The 16 values of 4-bit NormalFloat, in the order of their codes, and how a value finds its code.
///
/// The values are quantiles of the normal distribution, as bitsandbytes fixes them (`get_4bit_type`, 0.50.2).
package enum NF4 {
    /// The value of each code, ascending.
    package static let values: [Float] = [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
        0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ]

    /// The 15 values halfway between two neighbours: a value gets the code that counts the midpoints below it.
    package static let midpoints: [Float] = (0..<15).map { (values[$0] + values[$0 + 1]) / 2 }

    /// The code of zero; it also fills the last nibble of an odd count.
    package static let zeroCode: UInt8 = 7

    /// The code nearest to a value in [-1, 1]; exactly between two codes, the lower. A NaN gets the last code.
    package static func code(nearest value: Float) -> UInt8 {
        var code: UInt8 = 0
        for midpoint in midpoints where !(midpoint >= value) { code += 1 }
        return code
    }

    /// The smallest scale by which a block is divided, so that a block of zeros divides by something.
    package static let smallestDivisor: Float = 1e-38
}
