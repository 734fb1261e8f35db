import Buffers
import Kernels
import Quantization
import Testing

@Suite("NF4 and FP4 as bitsandbytes stores them")
struct QuantizeTests {
    @Test(
        "codes, scales and values equal the library's", arguments: [WeightFormat.Kind.nf4, .fp4], ["a", "b", "h"])
    func fixture(kind: WeightFormat.Kind, name: String) throws {
        let fixture = try Fixture("\(kind)_block64")
        let shape = try fixture.shape("\(name).x")
        let x = try fixture.bytes("\(name).x")
        for context in try everyContext() {
            for doubled in [false, true] {
                let weight = try encode(
                    x, source: name == "h" ? .bfloat16 : .float32, shape: shape, kind: kind, doubled: doubled,
                    context: context)
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

    @Test("the tables are the library's", arguments: [WeightFormat.Kind.nf4, .fp4])
    func tables(kind: WeightFormat.Kind) throws {
        let fixture = try Fixture("\(kind)_block64")
        #expect(try KernelContext.values(of: kind) == fixture.floats("a.code"))
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

    @Test(
        "a value between two codes takes the lower one, an odd count is padded with the code of 0",
        arguments: [
            (WeightFormat.Kind.nf4, Array(0...15), UInt8(7), UInt8(15)),
            (.fp4, [11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3], 0, 3),
        ])
    func ties(kind: WeightFormat.Kind, ranked: [UInt8], zero: UInt8, one: UInt8) throws {
        let table = KernelContext.values(of: kind)
        let sorted = ranked.map { table[Int($0)] }
        #expect(sorted == table.sorted())
        var values = (0..<15).map { (sorted[$0] + sorted[$0 + 1]) / 2 } + [1, -1]
        values += [Float](repeating: 0.5, count: 64 - values.count)
        values += [0, -0.0, 0.25]
        let bytes = values.withUnsafeBytes { Array($0) }
        for context in try everyContext() {
            let weight = try encode(
                bytes, source: .float32, shape: [1, 67], kind: kind, doubled: false, context: context)
            let codes = part(.codes, of: weight, count: 67).flatMap { [$0 >> 4, $0 & 15] }
            #expect(Array(codes.prefix(17)) == ranked.prefix(15) + [ranked[15], ranked[0]])
            #expect(Array(codes.suffix(4)) == [zero, zero, one, zero])
        }
    }

    private func encode(
        _ x: [UInt8], source: ScalarType, shape: [Int], kind: WeightFormat.Kind = .nf4, doubled: Bool,
        context: KernelContext
    ) throws -> EncodedWeight {
        try EncodedWeight(
            x, source: source, rows: shape[0], columns: shape[1],
            format: .quantized(kind, blockSize: 64, doubleQuantized: doubled), context: context)
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

/// Given values, encoded.
private struct EncodedWeight {
    let storage: AlignedStorage
    let view: WeightView

    init(
        _ x: [UInt8], source: ScalarType, rows: Int, columns: Int, format: WeightFormat, context: KernelContext
    ) throws {
        let storage = try AlignedStorage(byteCount: format.byteCount(elementCount: rows * columns))
        x.withUnsafeBytes {
            context.encode(
                $0, source: source, elementCount: rows * columns, format: format, into: storage.bytes())
        }
        self.storage = storage
        view = WeightView(format: format, rows: rows, columns: columns, bytes: UnsafeRawBufferPointer(storage.bytes()))
    }
}
