/// The signed 8-bit dynamic map: 256 values whose exponent takes as many bits as it needs and leaves the rest to the
/// fraction.
///
/// Source: Dettmers, "8-bit approximations for parallelism in deep learning", 2015, section 3; values and rounding are
/// those of bitsandbytes 0.50.2 (`create_dynamic_map`, `quantize_cpu_impl`).
package enum DynamicMap {
    /// The value of each code, ascending; the least is -0.993, the greatest 1.
    package static let signed: [Float] = {
        var values: [Float] = [0, 1]
        let powers: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]
        for (exponent, power) in powers.enumerated() {
            let boundaries = evenlySpaced(from: 0.1, through: 1, count: (1 << exponent) + 1)
            for (low, high) in zip(boundaries, boundaries.dropFirst()) {
                let mean = (low + high) / 2
                values.append(power * mean)
                values.append(-power * mean)
            }
        }
        return values.sorted()
    }()

    /// `count` fp32 values; the upper half is counted back from the end with fused products, as torch does it.
    private static func evenlySpaced(from start: Float, through end: Float, count: Int) -> [Float] {
        let step = (end - start) / Float(count - 1)
        return (0..<count).map { index in
            index < count / 2
                ? start.addingProduct(step, Float(index)) : end.addingProduct(-step, Float(count - 1 - index))
        }
    }

    /// The code of each of 65,536 evenly spaced values of [-1, 1]: bitsandbytes rounds to this grid first.
    private static let codeOfGridPoint: [UInt8] = {
        let midpoints = (0..<255).map { 0.5 * (signed[$0] + signed[$0 + 1]) }
        var code = 0
        return (0..<65536).map { index in
            let value = -1 + Float(2 * index) / 65535
            while code < 255, midpoints[code] < value { code += 1 }
            return UInt8(code)
        }
    }()

    /// The code of a value, which is clamped to [-1, 1]; a NaN gets the code of -1.
    package static func code(of value: Float) -> UInt8 {
        let clamped = value.isNaN ? -1 : min(max(value, -1), 1)
        return codeOfGridPoint[Int((clamped + 1) * 0.5 * 65535 + 0.5)]
    }
}
