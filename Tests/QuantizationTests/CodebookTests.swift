import Buffers
import Quantization
import Testing

@Suite("NF4 and FP4, bit for bit as bitsandbytes")
struct CodebookTests {
    static let kinds = [WeightFormat.Kind.nf4, .fp4]

    private func format(_ kind: WeightFormat.Kind, _ doubleQuantized: Bool) -> WeightFormat {
        .quantized(kind, blockSize: 64, doubleQuantized: doubleQuantized)
    }

    @Test("packed codes, scales and values equal the golden case", arguments: kinds, ["a", "b", "h"])
    func goldenCase(kind: WeightFormat.Kind, name: String) throws {
        let golden = try GoldenCase("\(kind)_block64/case")
        let source = try golden.bytes("\(name).x")
        let type = try golden.type("\(name).x")
        let plain = try Encoded(source, of: type, as: format(kind, false))
        #expect(try plain.bytes(.codes) == golden.bytes("\(name).packed"))
        #expect(try plain.bytes(.scales) == golden.bytes("\(name).absmax"))
        #expect(try plain.decoded == golden.floats("\(name).dequant"))

        let double = try Encoded(source, of: type, as: format(kind, true))
        #expect(try double.bytes(.codes) == golden.bytes("\(name).packed"))
        #expect(try double.bytes(.scales) == golden.bytes("\(name).dq.absmax_u8"))
        #expect(try double.bytes(.nestedScales) == golden.bytes("\(name).dq.nested_absmax"))
        #expect(try double.bytes(.scaleOffset) == golden.bytes("\(name).dq.offset"))
        let scales = try golden.floats("\(name).dq.absmax")
        #expect(scales.indices.allSatisfy { double.view.scale(ofBlock: $0) == scales[$0] })
        #expect(try double.decoded == golden.floats("\(name).dq.dequant"))
    }

    @Test("tables equal the library's", arguments: kinds)
    func tables(kind: WeightFormat.Kind) throws {
        let golden = try GoldenCase("\(kind)_block64/case")
        #expect(try kind.codebook?.values == golden.floats("a.code"))
        #expect(try DynamicMap.signed == golden.floats("a.dq.nested_code"))
    }

    @Test("every count, block size and magnitude gives the library's bytes", arguments: kinds)
    func libraryCases(kind: WeightFormat.Kind) throws {
        let cases = try LibraryCase.all(kind == .nf4 ? "library" : "library_fp4")
        #expect(cases.count > 100)
        for expected in cases {
            let encoded = try Encoded(
                expected.values,
                as: .quantized(kind, blockSize: expected.blockSize, doubleQuantized: expected.doubleQuantized))
            #expect(fingerprint(encoded.bytes(.codes)) == expected.codes, "\(expected)")
            #expect(fingerprint(encoded.bytes(.scales)) == expected.scales, "\(expected)")
            #expect(fingerprint(encoded.bytes(.nestedScales)) == expected.nestedScales, "\(expected)")
            #expect(fingerprint(encoded.bytes(.scaleOffset)) == expected.offset, "\(expected)")
        }
    }

    @Test("blocks run across rows: a tensor's shape does not matter", arguments: kinds)
    func blocksCrossRows(kind: WeightFormat.Kind) throws {
        let values = (0..<3 * 43).map { Float($0 % 43) - 20 }
        let encoded = try Encoded(values, as: .quantized(kind, blockSize: 32, doubleQuantized: false))
        #expect(encoded.floats(.scales).count == 5)
        #expect(encoded.floats(.scales)[1] == 22)
    }
}
