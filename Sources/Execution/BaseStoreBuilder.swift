package import Architectures
import Buffers
package import Checkpoints
import Foundation
package import Kernels
import ModelFiles
import Quantization

/// Writes the base store of a Hugging Face directory, tensor by tensor: memory is bounded by the largest tensor.
package enum BaseStoreBuilder {
    /// The files of a model directory that a base store carries along, where they exist.
    package static let companions = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "tokenizer.model",
    ]
    private static let companionLimit = 1 << 28

    /// - Parameter progress: called after each tensor with its number, from 1, and how many there are.
    /// - Returns: the hash of the store.
    /// - Throws: `InputError` where the model is wrong or the store cannot be written; then no store is left behind.
    @discardableResult
    package static func build(
        _ encoding: BaseEncoding, to path: String, context: KernelContext,
        fileSystem: any FileSystem = LocalFileSystem(), progress: (BaseTensor, Int, Int) -> Void = { _, _, _ in }
    ) throws -> String {
        let formats = try encoding.formats()
        let files = companionFiles(in: encoding.directory.path)
        let writer = try BaseStoreWriter(
            path: path,
            description: BaseStoreDescription(
                architecture: encoding.architecture, formats: formats.map { ($0.tensor, $0.format) },
                sourceHash: try encoding.sourceHash(), tokenizerHash: hash(of: files["tokenizer.json"])),
            files: files, fileSystem: fileSystem)
        let largest = formats.map { $0.format.byteCount(elementCount: $0.tensor.elementCount) }.max() ?? 0
        let room = try AlignedStorage(byteCount: largest)
        for (number, (tensor, format)) in formats.enumerated() {
            let bytes = room.bytes(count: format.byteCount(elementCount: tensor.elementCount))
            // Padding is part of what is hashed: it must not hold what the tensor before left behind.
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            try encoding.encode(tensor, as: format, into: bytes, context: context)
            try writer.write(tensor, bytes: UnsafeRawBufferPointer(bytes))
            encoding.directory.storedTensor(named: tensor.name)?.dontNeed()
            progress(tensor, number + 1, formats.count)
        }
        return try writer.finish()
    }

    /// Empty where there is no such file.
    private static func hash(of file: Data?) -> String {
        file.map { data in data.withUnsafeBytes { Digest.hex(of: $0) } } ?? ""
    }

    /// The companions that a directory holds, by name.
    static func companionFiles(in directory: String) -> [String: Data] {
        var files: [String: Data] = [:]
        for name in companions {
            let path = directory + "/" + name
            let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int
            guard let size, size <= companionLimit, let data = FileManager.default.contents(atPath: path) else {
                continue
            }
            files[name] = data
        }
        return files
    }
}
