import Buffers
import Kernels
import Quantization
import Testing

@Suite("NF4 as bitsandbytes stores it")
struct QuantizeTests {
    @Test("codes, scales and values equal the library's", arguments: ["a", "b", "h"])
    func fixture(name: String) throws {
        let fixture = try Fixture("nf4_block64")
        let shape = try fixture.shape("\(name).x")
        let x = try fixture.bytes("\(name).x")
        for context in try everyContext() {
            for doubled in [false, true] {
                let weight = try encode(
                    x, source: name == "h" ? .bfloat16 : .float32, shape: shape, doubled: doubled, context: context)
                let count = shape[0] * shape[1]
                #expect(try Array(part(.codes, of: weight, count: count)) == fixture.bytes("\(name).packed"))
                let values = try Values(shape[0], shape[1], seed: 0)
                context.decode(weight.view, rows: 0..<shape[0], into: values.matrix)
                if doubled {
                    #expect(try Array(part(.scales, of: weight, count: count)) == fixture.bytes("\(name).dq.absmax_u8"))
                    #expect(
                        try Array(part(.nestedScales, of: weight, count: count))
                            == fixture.bytes("\(name).dq.nested_absmax"))
                    #expect(
                        try Array(part(.scaleOffset, of: weight, count: count)) == fixture.bytes("\(name).dq.offset"))
                    #expect(try values.elements == fixture.floats("\(name).dq.dequant"))
                } else {
                    #expect(try Array(part(.scales, of: weight, count: count)) == fixture.bytes("\(name).absmax"))
                    #expect(try values.elements == fixture.floats("\(name).dequant"))
                }
            }
        }
    }

    @Test("the tables are the library's")
    func tables() throws {
        let fixture = try Fixture("nf4_block64")
        #expect(try KernelContext.nf4Values == fixture.floats("a.code"))
        #expect(try KernelContext.nestedScaleValues == fixture.floats("a.dq.nested_code"))
    }

    @Test("a layer of a saved checkpoint multiplies as in the library")
    func layer() throws {
        let weight = try Fixture("bnb4bit_layer")
        let io = try Fixture("bnb4bit_io")
        let context = try KernelContext(threads: 1)
        let stored = try encode(
            io.bytes("W"), source: .float32, shape: [40, 64], doubled: true, context: context)
        #expect(try Array(part(.codes, of: stored, count: 40 * 64)) == weight.bytes("weight"))
        #expect(try Array(part(.scales, of: stored, count: 40 * 64)) == weight.bytes("weight.absmax"))
        let x = try matrix(io.floats("x"), rows: 3)
        let y = try Values(3, 40, seed: 0)
        context.multiply(x.matrix, by: stored.view, into: y.matrix, accumulate: false)
        let bias = try matrix(weight.floats("bias"), rows: 1)
        context.addBias(WeightView(bias.matrix), to: y.matrix)
        expectClose(y.elements, try io.floats("y").map(Double.init), tolerance: 1e-5)
        let dy = try matrix(io.floats("dy"), rows: 3)
        context.multiplyTransposed(dy.matrix, by: stored.view, into: x.matrix, accumulate: false)
        expectClose(x.elements, try io.floats("dx").map(Double.init), tolerance: 1e-5)
    }

    @Test("a value between two codes takes the lower one, an odd count is padded with the code of 0")
    func ties() throws {
        let table = KernelContext.nf4Values
        var values = (0..<15).map { (table[$0] + table[$0 + 1]) / 2 } + [1, -1]
        values += [Float](repeating: 0.5, count: 64 - values.count)
        values += [0, -0.0, 0.25]
        let bytes = values.withUnsafeBytes { Array($0) }
        for context in try everyContext() {
            let weight = try encode(bytes, source: .float32, shape: [1, 67], doubled: false, context: context)
            let codes = part(.codes, of: weight, count: 67).flatMap { [$0 >> 4, $0 & 15] }
            #expect(Array(codes.prefix(17)) == (0...14).map { UInt8($0) } + [15, 0])
            #expect(Array(codes.suffix(4)) == [7, 7, 15, 7])
        }
    }

    private func encode(
        _ x: [UInt8], source: ScalarType, shape: [Int], doubled: Bool, context: KernelContext
    ) throws -> EncodedWeight {
        try EncodedWeight(x, source: source, rows: shape[0], columns: shape[1], doubled: doubled, context: context)
    }

    private func part(_ part: TensorPart, of weight: EncodedWeight, count: Int) -> [UInt8] {
        let layout = weight.view.format.parts(elementCount: count).first { $0.part == part }
        return layout.map { Array(weight.storage.bytes(at: $0.offset, count: $0.byteCount)) } ?? []
    }

    private func matrix(_ values: [Float], rows: Int) throws -> Values {
        let result = try Values(rows, values.count / rows, seed: 0)
        for (index, value) in values.enumerated() { result.matrix.elements[index] = value }
        return result
    }
}

/// Given values, encoded to NF4.
private struct EncodedWeight {
    let storage: AlignedStorage
    let view: WeightView

    init(
        _ x: [UInt8], source: ScalarType, rows: Int, columns: Int, doubled: Bool, context: KernelContext
    ) throws {
        let format = WeightFormat.nf4(doubleQuantized: doubled)
        let storage = try AlignedStorage(byteCount: format.byteCount(elementCount: rows * columns))
        x.withUnsafeBytes {
            context.encodeNF4(
                $0, source: source, elementCount: rows * columns, format: format, into: storage.bytes())
        }
        self.storage = storage
        view = WeightView(format: format, rows: rows, columns: columns, bytes: UnsafeRawBufferPointer(storage.bytes()))
    }
}
