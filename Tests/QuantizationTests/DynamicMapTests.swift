import Quantization
import Testing

@Suite("8-bit dynamic map")
struct DynamicMapTests {
    @Test("a value of the map finds its own code, or the one below where the grid is coarser than the map")
    func ownCodes() {
        for (code, value) in DynamicMap.signed.enumerated() {
            let found = DynamicMap.signed[Int(DynamicMap.code(of: value))]
            #expect(abs(found - value) <= 2 / 65535, "code \(code)")
        }
    }

    @Test("values outside [-1, 1] and NaN get a code at the end")
    func outside() {
        #expect(DynamicMap.code(of: 3) == 255)
        #expect(DynamicMap.code(of: -.infinity) == 0)
        #expect(DynamicMap.code(of: .nan) == 0)
    }

    @Test("the mean of no rounding at all is exact", arguments: [1, 7, 8, 31, 32, 33, 1023, 4096, 5000])
    func exactMean(count: Int) {
        let values = [Float](repeating: 3, count: count)
        #expect(values.withUnsafeBufferPointer { ScaleCodec.mean($0) } == 3)
    }
}
