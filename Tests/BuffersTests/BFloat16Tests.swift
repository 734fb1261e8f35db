import Buffers
import Testing

@Suite("BFloat16")
struct BFloat16Tests {
    @Test("every value of 16 bits survives the way to fp32 and back")
    func everyPattern() {
        for pattern in UInt16.min...UInt16.max {
            let value = BFloat16(bitPattern: pattern)
            if value.float.isNaN {
                #expect(BFloat16(value.float).float.isNaN)
            } else if BFloat16(value.float) != value {
                Issue.record("pattern \(pattern)")
            }
        }
    }

    @Test("between two values the nearest is taken, in the middle the even one")
    func rounding() {
        for pattern in stride(from: UInt32(0), to: 0x7F80, by: 37) {
            let low = Float(bitPattern: pattern << 16)
            #expect(BFloat16(Float(bitPattern: pattern << 16 | 0x7FFF)).float == low)
            #expect(BFloat16(Float(bitPattern: pattern << 16 | 0x8001)).bitPattern == UInt16(pattern + 1))
            let even = UInt16(pattern % 2 == 0 ? pattern : pattern + 1)
            #expect(BFloat16(Float(bitPattern: pattern << 16 | 0x8000)).bitPattern == even)
            #expect(BFloat16(-low).float == -low)
        }
    }

    @Test("what is too large becomes infinite, and a NaN never does")
    func extremes() {
        #expect(BFloat16(Float.greatestFiniteMagnitude).float == .infinity)
        #expect(BFloat16(-Float.infinity).float == -.infinity)
        #expect(BFloat16(Float(bitPattern: 0x7F80_0001)).float.isNaN)
        #expect(BFloat16(Float(bitPattern: 0xFFFF_FFFF)).float.isNaN)
    }
}
