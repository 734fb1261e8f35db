import Architectures
import Checkpoints
import Foundation
import Quantization

/// A format for each tensor: linear layers in `linear`, norms in fp32, the rest in bf16.
func chosenFormats(_ architecture: Architecture, linear: WeightFormat) -> [(BaseTensor, WeightFormat)] {
    architecture.tensors.map { tensor in
        (tensor, tensor.role.linear != nil ? linear : tensor.shape.count == 1 ? .fp32 : .bf16)
    }
}

func describe(_ architecture: Architecture, linear: WeightFormat = .nf4()) -> BaseStoreDescription {
    BaseStoreDescription(
        architecture: architecture, formats: chosenFormats(architecture, linear: linear), sourceHash: "source",
        tokenizerHash: "tokenizer")
}

/// The bytes that tests put into a tensor.
func content(of record: TensorRecord) -> [UInt8] {
    pattern(record.byteCount, seed: record.name.utf8.reduce(7) { $0 &* 31 &+ Int($1) } & 0xFFFF)
}

/// Writes a whole store of patterns.
@discardableResult
func writeStore(
    _ path: String, _ description: BaseStoreDescription, fileSystem: any FileSystem = LocalFileSystem(),
    files: [String: Data] = ["config.json": Data("{\"model_type\": \"llama\"}".utf8), "empty": Data()]
) throws -> String {
    let writer = try BaseStoreWriter(path: path, description: description, files: files, fileSystem: fileSystem)
    let records = Dictionary(uniqueKeysWithValues: description.tensors.map { ($0.name, $0) })
    // Any order will do: ranks and tensors come as they are read.
    for tensor in description.architecture.tensors.reversed() {
        guard let record = records[tensor.name] else { continue }
        try content(of: record).withUnsafeBytes { try writer.write(tensor, bytes: $0) }
    }
    return try writer.finish()
}
