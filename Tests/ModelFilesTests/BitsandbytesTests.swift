import Architectures
import Buffers
import Foundation
import ModelFiles
import Quantization
import Testing

@Suite("bitsandbytes' 4-bit layout")
struct BitsandbytesTests {
    /// The golden layer, with another tensor in place of some.
    private func goldenWeight(shape: [Int] = [40, 64], without suffix: String? = nil) throws -> BitsandbytesWeight {
        let file = try SafetensorsFile(path: fixture("bnb4bit_layer/layer.safetensors"))
        return try BitsandbytesWeight(name: "weight", shape: shape) { name in
            suffix.map { name.hasSuffix($0) } == true ? nil : file.tensor(named: name)
        }
    }

    @Test("a layer that bitsandbytes saved has the bytes that the reference makes of the same values")
    func goldenLayer() throws {
        let weight = try goldenWeight()
        #expect(weight.format == .nf4())
        let byteCount = weight.format.byteCount(elementCount: 40 * 64)
        let read = try AlignedStorage(byteCount: byteCount)
        let made = try AlignedStorage(byteCount: byteCount)
        read.withBytes { weight.copy(into: $0) }
        let source = try SafetensorsFile(path: fixture("bnb4bit_layer/io.safetensors"))
        let values = try #require(source.tensor(named: "W"))
        values.withBytes { ReferenceCodec.encode($0, of: values.type, as: weight.format, into: made.bytes()) }
        #expect(read.withBytes { [UInt8]($0) } == made.withBytes { [UInt8]($0) })
    }

    @Test("a missing part or another shape is named")
    func faults() throws {
        for suffix in [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", "bitsandbytes__nf4"] {
            let error = try inputError { _ = try goldenWeight(without: suffix) }
            #expect(error.place?.hasSuffix(suffix) == true)
        }
        #expect(try inputError { _ = try goldenWeight(shape: [64, 40]) }.message.contains("shape"))
    }

    @Test("an exported base is read again, bit for bit", arguments: [WeightFormat.Kind.nf4, .fp4], [true, false])
    func exportAndRead(kind: WeightFormat.Kind, doubleQuantized: Bool) throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path)
            let source = try ModelDirectory(path: path)
            let format = WeightFormat.quantized(kind, blockSize: 64, doubleQuantized: doubleQuantized)
            let base = try EncodedBase(source, linearFormat: format)
            let out = "\(path)/export"
            try BitsandbytesExport(
                configuration: source.configuration, architecture: source.architecture, weight: base.weight
            ).write(to: out, files: [("tokenizer.json", Array("{}".utf8))])
            let directory = try ModelDirectory(path: out)
            #expect(directory.architecture == source.architecture)
            #expect(directory.config["quantization_config"]?.object?["bnb_4bit_quant_type"]?.string == kind.rawValue)
            for tensor in directory.architecture.tensors {
                let expected = base.storage(tensor).withBytes { [UInt8]($0) }
                if let weight = try directory.bitsandbytes?.weight(tensor, in: directory) {
                    #expect(tensor.role.linear != nil && weight.format == format)
                    let copy = try AlignedStorage(byteCount: expected.count)
                    copy.withBytes { weight.copy(into: $0) }
                    #expect(copy.withBytes { [UInt8]($0) } == expected)
                } else {
                    #expect(tensor.role.linear == nil)
                    let stored = try directory.tensor(named: tensor.name)
                    #expect(stored.withBytes { $0.elementsEqual(expected.prefix($0.count)) })
                }
            }
            #expect(try String(contentsOfFile: "\(out)/tokenizer.json", encoding: .utf8) == "{}")
        }
    }

    @Test("a base that is not quantised cannot be exported")
    func notQuantized() throws {
        try withTemporaryDirectory { path in
            try TinyModel.write(to: path)
            let source = try ModelDirectory(path: path)
            let base = try EncodedBase(source, linearFormat: .bf16)
            let error = try #require(throws: InputError.self) {
                _ = try BitsandbytesExport(
                    configuration: source.configuration, architecture: source.architecture, weight: base.weight)
            }
            #expect(error.kind == .usage)
        }
    }
}

/// A base in memory: linear layers in one format, the rest in fp32.
private struct EncodedBase {
    private var storages: [String: AlignedStorage] = [:]
    private let linearFormat: WeightFormat

    init(_ directory: ModelDirectory, linearFormat: WeightFormat) throws {
        self.linearFormat = linearFormat
        for tensor in directory.architecture.tensors {
            let format = format(tensor)
            let storage = try AlignedStorage(byteCount: format.byteCount(elementCount: tensor.elementCount))
            let stored = try directory.tensor(named: tensor.name)
            stored.withBytes { ReferenceCodec.encode($0, of: stored.type, as: format, into: storage.bytes()) }
            storages[tensor.name] = storage
        }
    }

    private func format(_ tensor: BaseTensor) -> WeightFormat { tensor.role.linear == nil ? .fp32 : linearFormat }

    func storage(_ tensor: BaseTensor) -> AlignedStorage {
        guard let storage = storages[tensor.name] else { preconditionFailure("\(tensor.name) is not in the base") }
        return storage
    }

    func weight(_ tensor: BaseTensor) -> WeightView {
        WeightView(
            format: format(tensor), rows: tensor.rows, columns: tensor.columns,
            bytes: UnsafeRawBufferPointer(storage(tensor).bytes()))
    }
}
