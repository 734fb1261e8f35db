package import Architectures
import Buffers
import Foundation
import Quantization

/// A LoRA adapter as PEFT saves it: `adapter_config.json` and `adapter_model.safetensors`.
package struct PEFTAdapter: Sendable {
    package let path: String
    package let description: AdapterDescription
    private let file: SafetensorsFile

    /// Opens an adapter and checks that it holds every matrix that its configuration asks for, and nothing else.
    /// - Parameter architecture: that of the base under it.
    /// - Throws: `InputError` of kind `.data` where a file is wrong or asks for what is not supported.
    package init(path: String, architecture: Architecture) throws {
        let configurationPath = "\(path)/adapter_config.json"
        guard let members = try JSONParser.parse(configurationPath).object else {
            throw InputError(.data, file: configurationPath, "is no JSON object", remedy: "save the adapter again")
        }
        let description = try AdapterReader(path: configurationPath, members: members).description(architecture)
        let file = try SafetensorsFile(path: Self.weightsPath(path))
        self.path = path
        self.description = description
        self.file = file
        let tensors = architecture.adapterTensors(description)
        for tensor in tensors { _ = try stored(tensor) }
        let expected = Set(tensors.map { Array($0.name.utf8) })
        for tensor in file.tensors where !expected.contains(Array(tensor.name.utf8)) {
            throw InputError(
                .data, file: file.path, place: "tensor \(tensor.name.prefix(200))",
                "belongs to nothing that adapter_config.json and the base describe",
                remedy: "use an adapter of plain LoRA that was made for this base")
        }
    }

    /// The values of one A or B as fp32, row-major.
    /// - Throws: `InputError` where the file holds no tensor of that name and shape.
    package func values(of tensor: LogicalTensor) throws -> [Float] {
        try stored(tensor).floats
    }

    private func stored(_ tensor: LogicalTensor) throws -> StoredTensor {
        func fault(_ message: String) -> InputError {
            InputError(
                .data, file: file.path, place: "tensor \(tensor.name.prefix(200))", message,
                remedy: "use an adapter that was made for this base")
        }
        guard let stored = file.tensor(named: tensor.name) else { throw fault("is missing") }
        guard stored.shape == tensor.shape else {
            throw fault("has the shape \(stored.shape), the base and r ask for \(tensor.shape)")
        }
        guard stored.type.isFloatingPoint else { throw fault("holds \(stored.type), not floating-point values") }
        return stored
    }

    /// What an adapter was trained on; nil where another program wrote it, or saved it again.
    package static func origin(ofAdapterAt path: String) throws -> AdapterOrigin? {
        AdapterOrigin(metadata: try SafetensorsFile(path: weightsPath(path)).metadata)
    }

    private static func weightsPath(_ path: String) throws -> String {
        let weights = "\(path)/adapter_model.safetensors"
        guard !FileManager.default.fileExists(atPath: weights),
            FileManager.default.fileExists(atPath: "\(path)/adapter_model.bin")
        else { return weights }
        throw InputError(
            .data, file: path, "holds adapter_model.bin and no adapter_model.safetensors",
            remedy: "save the adapter again with safe_serialization")
    }

    /// Writes an adapter that PEFT loads.
    ///
    /// - Parameters:
    ///   - tensors: the adapter's tensors laid end to end.
    ///   - values: all their elements, in that order.
    ///   - origin: the base that they belong to.
    ///   - path: the directory, which is made where it is missing.
    /// - Throws: `InputError` of kind `.output`.
    package static func write(
        _ description: AdapterDescription, tensors: LogicalSpace, values: [Float], origin: AdapterOrigin,
        to path: String
    ) throws {
        precondition(values.count == tensors.elementCount)
        try OutputFile.createDirectory(path)
        let outgoing = tensors.tensors.indices.map { index in
            let tensor = tensors.tensors[index]
            let run = tensors.offsets[index]..<tensors.offsets[index] + tensor.elementCount
            return OutgoingTensor(name: tensor.name, type: .float32, shape: tensor.shape) { emit in
                try values.withUnsafeBytes {
                    try emit(UnsafeRawBufferPointer(rebasing: $0[run.lowerBound * 4..<run.upperBound * 4]))
                }
            }
        }
        try SafetensorsWriter.write(
            outgoing, to: "\(path)/adapter_model.safetensors",
            metadata: [("format", "pt")] + origin.metadata)
        try OutputFile.write(configuration(description).indented() + "\n", to: "\(path)/adapter_config.json")
    }

    private static func configuration(_ description: AdapterDescription) -> JSONText {
        .object([
            ("alpha_pattern", .object([])),
            ("base_model_name_or_path", .string(description.baseModelPath)),
            ("bias", .string("none")),
            ("fan_in_fan_out", .bool(false)),
            ("inference_mode", .bool(true)),
            ("init_lora_weights", .bool(true)),
            ("layers_pattern", .null),
            ("layers_to_transform", .null),
            ("lora_alpha", Int(exactly: description.alpha).map(JSONText.integer) ?? .double(description.alpha)),
            ("lora_dropout", .double(description.dropout)),
            ("modules_to_save", .null),
            ("peft_type", .string("LORA")),
            ("r", .integer(description.rank)),
            ("rank_pattern", .object([])),
            ("revision", .null),
            ("target_modules", .array(description.targets.map(\.moduleName).sorted().map(JSONText.string))),
            ("task_type", .string("CAUSAL_LM")),
            ("use_dora", .bool(false)),
            ("use_rslora", .bool(description.usesRankStabilizedScale)),
        ])
    }
}
