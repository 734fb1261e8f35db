/// Random numbers as a pure function of a key and a counter (Philox4x32-10).
///
/// Nothing is carried from draw to draw, so that any rank can make any number of a run: the key says what the numbers
/// are for (seed, step, global micro-batch, tensor), the counter says which element. The C kernels compute the same.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3.
package struct CounterRNG: Sendable, Equatable {
    package let key: UInt64
    /// The upper half of every counter; the lower half is the number of the block of four draws.
    package let stream: UInt64

    package init(key: UInt64, stream: UInt64) {
        self.key = key
        self.stream = stream
    }

    /// The numbers for one use: `purpose` keeps unlike uses apart (initialisation, dropout, shuffling).
    ///
    /// - Parameters:
    ///   - step: the optimiser step, from 0; 0 for what is drawn once.
    ///   - microBatch: the global number of the micro-batch in the step; the same for any number of ranks.
    ///   - tensor: the number of the tensor in its architecture.
    package init(seed: UInt64, purpose: Purpose, step: Int = 0, microBatch: Int = 0, tensor: Int = 0) {
        precondition(step >= 0 && microBatch >= 0 && tensor >= 0)
        // Two rounds over a 128-bit counter spread the five numbers over key and stream, so that no two uses collide
        // by an accident of small integers.
        let first = Self.block(
            key: seed, low: UInt64(step), high: UInt64(microBatch) ^ (UInt64(purpose.rawValue) << 56))
        let second = Self.block(
            key: seed ^ 0x9E37_79B9_7F4A_7C15, low: UInt64(tensor) ^ first.low, high: first.high)
        self.init(key: second.low, stream: second.high)
    }

    package enum Purpose: UInt8, Sendable {
        case initialization = 1
        case dropout = 2
        case shuffle = 3
        case split = 4
        case sampling = 5
        case benchmark = 6
    }

    /// The draw number `index`, 32 uniform bits: word `index % 4` of block `index / 4`.
    package subscript(index: Int) -> UInt32 {
        precondition(index >= 0)
        let block = Self.block(key: key, low: UInt64(index >> 2), high: stream)
        let half = index & 2 == 0 ? block.low : block.high
        return UInt32(truncatingIfNeeded: index & 1 == 0 ? half : half >> 32)
    }

    /// A uniform value in [0, 1) with 24 bits.
    package func uniform(_ index: Int) -> Float { Float(self[index] >> 8) * 0x1p-24 }

    /// A uniform integer in 0..<bound, without bias beyond 2⁻³².
    package func integer(_ index: Int, below bound: Int) -> Int {
        precondition(bound > 0 && bound <= 1 << 32)
        return Int((UInt64(self[index]) &* UInt64(bound)) >> 32)
    }

    /// Ten Philox rounds over one 128-bit counter; the result's words 0 and 1 are `low`, 2 and 3 are `high`.
    package static func block(key: UInt64, low: UInt64, high: UInt64) -> (low: UInt64, high: UInt64) {
        var c0 = UInt32(truncatingIfNeeded: low)
        var c1 = UInt32(truncatingIfNeeded: low >> 32)
        var c2 = UInt32(truncatingIfNeeded: high)
        var c3 = UInt32(truncatingIfNeeded: high >> 32)
        var k0 = UInt32(truncatingIfNeeded: key)
        var k1 = UInt32(truncatingIfNeeded: key >> 32)
        for _ in 0..<10 {
            let p0 = UInt64(c0) &* 0xD251_1F53
            let p1 = UInt64(c2) &* 0xCD9E_8D57
            let next0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
            let next2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
            c1 = UInt32(truncatingIfNeeded: p1)
            c3 = UInt32(truncatingIfNeeded: p0)
            c0 = next0
            c2 = next2
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (UInt64(c1) << 32 | UInt64(c0), UInt64(c3) << 32 | UInt64(c2))
    }
}
