import Buffers
import Foundation
import Quantization
import Testing

@Suite("Formats without scales")
struct FloatFormatTests {
    @Test("fp32 values come back as they were", arguments: [0, 1, 7, 64, 65])
    func fp32(count: Int) throws {
        let values = (0..<count).map { Float($0) * 0.37 - 3 }
        #expect(try Encoded(values, as: .fp32).decoded == values)
    }

    @Test("fp16 and bf16 round to nearest, ties to even")
    func rounding() throws {
        #expect(
            try Encoded([1 + 0x1p-11, 1 + 0x3p-11, 65519, 65520], as: .fp16).decoded
                == [1, 1 + 0x1p-9, 65504, .infinity])
        #expect(
            try Encoded([1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1.1p-8], as: .bf16).decoded
                == [1, 1 + 0x1p-6, -1 - 0x1p-7])
    }

    @Test("a narrower source is widened exactly before it is encoded")
    func widened() throws {
        let source: [UInt8] = [0x80, 0x3F, 0x20, 0xC1]  // bf16 1 and -10
        #expect(try Encoded(source, of: .bfloat16, as: .fp32).decoded == [1, -10])
    }

    @Test("a format from a file must have a block size that exists", arguments: [-64, 0, 16, 48, 1 << 40])
    func unsoundFormat(blockSize: Int) {
        let json = Data(#"{"kind": "nf4", "blockSize": \#(blockSize), "doubleQuantized": true}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(WeightFormat.self, from: json) }
    }

    @Test(
        "a format survives being written and read", arguments: [WeightFormat.fp32, .bf16, .nf4(), .fp4(blockSize: 128)])
    func roundTrip(format: WeightFormat) throws {
        #expect(try JSONDecoder().decode(WeightFormat.self, from: JSONEncoder().encode(format)) == format)
    }
}
