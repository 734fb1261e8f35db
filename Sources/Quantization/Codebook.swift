/// What the 16 codes of a 4-bit format mean, and how a value finds its code.
package struct Codebook: Sendable {
    /// The value of each code, from -1 to 1.
    package let values: [Float]
    /// The codes in the order of their values.
    private let ranked: [UInt8]
    /// The 15 values halfway between two neighbours, ascending.
    package let midpoints: [Float]

    /// Codes of equal values keep their order.
    init(values: [Float]) {
        precondition(values.count == 16)
        let ranked = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        self.values = values
        self.ranked = ranked.map(UInt8.init)
        midpoints = zip(ranked, ranked.dropFirst()).map { (values[$0] + values[$1]) / 2 }
    }

    /// The code nearest to a value in [-1, 1]; exactly between two codes, the lower. A NaN gets that of the greatest.
    package func code(nearest value: Float) -> UInt8 {
        var rank = 0
        for midpoint in midpoints where !(midpoint >= value) { rank += 1 }
        return ranked[rank]
    }

    /// The smallest scale by which a block is divided, so that a block of zeros divides by something.
    package static let smallestDivisor: Float = 1e-38

    /// 4-bit NormalFloat: quantiles of the normal distribution, ascending.
    ///
    /// Source: `get_4bit_type` of bitsandbytes 0.50.2.
    package static let nf4 = Codebook(values: [
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
        0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
    ])

    /// 4-bit floating point over its largest value, 12: a sign, two bits of exponent, one of fraction. The order of the
    /// exponents is the library's own, and zero has two codes, of which the second serves what lies just above it.
    ///
    /// Source: `get_4bit_type` of bitsandbytes 0.50.2.
    package static let fp4 = Codebook(
        values: [0, 0.0625, 8, 12, 4, 6, 2, 3, 0, -0.0625, -8, -12, -4, -6, -2, -3].map { $0 / 12 })
}
