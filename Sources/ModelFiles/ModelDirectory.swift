package import Architectures
import Buffers
import Foundation

/// A Hugging Face model directory: config.json and one or several safetensors files.
package final class ModelDirectory: Sendable {
    package let path: String
    package let configuration: ModelConfiguration
    /// As config.json says; tied also where the files hold no head.
    package let architecture: Architecture
    /// In the order of their names.
    package let files: [SafetensorsFile]
    /// nil where the weights are not quantised yet.
    package let bitsandbytes: BitsandbytesConfiguration?
    private let places: [[UInt8]: Int]

    package var config: JSONObject { configuration.members }

    /// Opens all files and checks that they hold the architecture's tensors, each with its shape, and no others.
    /// - Throws: `InputError` of kind `.data` that names the file and the tensor.
    package init(path: String) throws {
        self.path = path
        configuration = try ModelConfiguration(directory: path)
        bitsandbytes = try BitsandbytesConfiguration(configuration)
        let index = try WeightIndex(directory: path)
        files = try index.fileNames.map { try SafetensorsFile(path: "\(path)/\($0)") }
        var places: [[UInt8]: Int] = [:]
        for (number, file) in files.enumerated() {
            for tensor in file.tensors where places.updateValue(number, forKey: Array(tensor.name.utf8)) != nil {
                throw InputError(
                    .data, file: file.path, place: "tensor \(tensor.name.prefix(200))", "lies in another file too",
                    remedy: "fetch the model again")
            }
        }
        self.places = places
        var architecture = configuration.architecture
        if places[Array("lm_head.weight".utf8)] == nil { architecture.tiesEmbeddings = true }
        self.architecture = architecture
        try index.check(files)
        try checkTensors()
    }

    /// The tensor of that very name.
    /// - Throws: `InputError` where no file holds it.
    package func tensor(named name: String) throws -> StoredTensor {
        guard let tensor = storedTensor(named: name) else { throw missing(name) }
        return tensor
    }

    /// The tensor of that very name; nil where no file holds it.
    package func storedTensor(named name: String) -> StoredTensor? {
        places[Array(name.utf8)].flatMap { files[$0].tensor(named: name) }
    }

    /// What identifies the weights without reading them all: each file's name, size and header, and the configuration.
    /// A caller hashes them in this order.
    package var fingerprintIngredients: [(name: String, bytes: [UInt8])] {
        let configuration = JSONText.object(config.members.map { ($0.key, JSONText($0.value)) }).compact
        return [("config.json", Array(configuration.utf8))]
            + files.map { file in
                let name = URL(fileURLWithPath: file.path).lastPathComponent
                return ("\(name) \(file.byteCount)", Array(file.headerBytes))
            }
    }

    private func checkTensors() throws {
        var expected: Set<[UInt8]> = []
        for tensor in architecture.tensors {
            expected.insert(Array(tensor.name.utf8))
            guard let stored = storedTensor(named: tensor.name) else { throw missing(tensor.name) }
            if let quantized = try bitsandbytes?.weight(tensor, in: self) {
                expected.formUnion(quantized.partNames.map { Array($0.utf8) })
                continue
            }
            guard stored.shape == tensor.shape else {
                throw fault(stored, "has the shape \(stored.shape), config.json asks for \(tensor.shape)")
            }
            guard stored.type == .float32 || stored.type == .float16 || stored.type == .bfloat16 else {
                throw fault(stored, "holds \(stored.type), a weight is float32, float16 or bfloat16")
            }
        }
        for file in files {
            for tensor in file.tensors where !expected.contains(Array(tensor.name.utf8)) && !isHarmless(tensor.name) {
                throw fault(tensor, "belongs to nothing that config.json describes")
            }
        }
    }

    /// Tensors that older files hold and nobody needs: rotary frequencies, and the head where it is the embedding.
    private func isHarmless(_ name: String) -> Bool {
        name.hasSuffix(".rotary_emb.inv_freq") || (architecture.tiesEmbeddings && name == "lm_head.weight")
    }

    private func missing(_ name: String) -> InputError {
        InputError(
            .data, file: path, place: "tensor \(name.prefix(200))", "is missing",
            remedy: "fetch the model again, or correct config.json")
    }

    private func fault(_ tensor: StoredTensor, _ message: String) -> InputError {
        InputError(
            .data, file: tensor.map.path, place: "tensor \(tensor.name.prefix(200))", message,
            remedy: "fetch the model again, or correct config.json")
    }
}
