package import Architectures
import Buffers
package import Quantization

/// Writes a quantised base as a Hugging Face directory that transformers loads with bitsandbytes, with no second
/// quantisation: codes and scales go out as they are, all other tensors as they are stored.
package struct BitsandbytesExport {
    /// With all the keys of the model's config.json; `tie_word_embeddings` follows the architecture.
    private let configuration: ModelConfiguration
    private let architecture: Architecture
    /// Where each tensor of the base lies.
    private let weight: (BaseTensor) -> WeightView
    /// The one kind of all linear layers: config.json names one for the whole model.
    private let kind: WeightFormat.Kind
    private let codebook: Codebook

    /// bitsandbytes has kernels for no larger blocks.
    private static let largestBlockSize = 4096

    /// - Throws: `InputError` of kind `.usage` where the base is not NF4 (or FP4) in the linear layers and plain
    ///   elsewhere.
    package init(
        configuration: ModelConfiguration, architecture: Architecture, weight: @escaping (BaseTensor) -> WeightView
    ) throws {
        self.configuration = configuration
        self.architecture = architecture
        self.weight = weight
        let first = architecture.tensors.first { $0.role.linear != nil }
        kind = first.map { weight($0).format.kind } ?? .nf4
        codebook = kind.codebook ?? .nf4
        for tensor in architecture.tensors {
            let format = weight(tensor).format
            let isLinear = tensor.role.linear != nil
            guard format.isQuantized == isLinear, !isLinear || format.kind == kind,
                format.blockSize <= Self.largestBlockSize
            else {
                throw InputError(
                    .usage, place: "tensor \(tensor.name)",
                    "is stored as \(format), which bitsandbytes' 4-bit layout cannot hold there",
                    remedy: "export a base store whose linear layers, and only these, are nf4, or all fp4")
            }
        }
    }

    /// Writes weights, config.json and `files` (the tokenizer's) as a directory.
    /// - Throws: `InputError` of kind `.output`; see `ModelDirectoryWriter`.
    package func write(
        to directory: String, files: [(name: String, bytes: [UInt8])], record: ExportRecord = ExportRecord()
    ) throws {
        try ModelDirectoryWriter.write(
            architecture.tensors.flatMap(outgoing), configuration: configurationText, files: files, record: record,
            to: directory)
    }

    private func outgoing(_ tensor: BaseTensor) -> [OutgoingTensor] {
        let view = weight(tensor)
        guard view.format.isQuantized else {
            let part = view.format.parts(elementCount: tensor.elementCount)[0]
            let bytes = UnsafeRawBufferPointer(start: view.codes, count: part.byteCount)
            return [OutgoingTensor(name: tensor.name, type: part.type, shape: tensor.shape) { try $0(bytes) }]
        }
        var tensors = view.format.parts(elementCount: tensor.elementCount).compactMap { layout -> OutgoingTensor? in
            guard let place = view.place(of: layout.part, name: tensor.name) else { return nil }
            let bytes = UnsafeRawBufferPointer(start: place.address, count: layout.byteCount)
            // bitsandbytes keeps packed codes as one column.
            let shape = layout.part == .codes ? [layout.count, 1] : [layout.count]
            return OutgoingTensor(name: place.name, type: layout.type, shape: shape) { try $0(bytes) }
        }
        let name = tensor.name
        tensors.append(OutgoingTensor(name: "\(name).quant_map", type: .float32, shape: [16], values: codebook.values))
        if view.format.doubleQuantized {
            tensors.append(
                OutgoingTensor(
                    name: "\(name).nested_quant_map", type: .float32, shape: [256], values: DynamicMap.signed))
        }
        let state = Array(quantState(tensor, view).compact.utf8)
        tensors.append(
            OutgoingTensor(
                name: name + BitsandbytesWeight.stateSuffix(kind), type: .uint8, shape: [state.count], values: state))
        return tensors
    }

    /// What `QuantState.as_dict` packs into JSON, in its order.
    private func quantState(_ tensor: BaseTensor, _ view: WeightView) -> JSONText {
        var members: [(String, JSONText)] = [
            ("quant_type", .string(kind.rawValue)),
            ("blocksize", .integer(view.format.blockSize)),
            ("dtype", .string(dtype)),
            ("shape", .array(tensor.shape.map(JSONText.integer))),
        ]
        if view.format.doubleQuantized {
            members += [
                ("nested_blocksize", .integer(WeightFormat.nestedBlockSize)),
                ("nested_dtype", .string("float32")),
                ("nested_offset", .double(Double(view.scaleOffset))),
            ]
        }
        return .object(members)
    }

    /// The type in which transformers computes: the one that the model came in.
    private var dtype: String {
        if let named = configuration.dtype, ["float32", "float16", "bfloat16"].contains(named) { return named }
        return switch architecture.tensors.first.map({ weight($0).format.kind }) {
        case .fp32: "float32"
        case .fp16: "float16"
        default: "bfloat16"
        }
    }

    private var configurationText: JSONText {
        let isDouble = architecture.tensors.contains { weight($0).format.doubleQuantized }
        var members = configuration.outgoingMembers(tiesEmbeddings: architecture.tiesEmbeddings)
        members.append(
            (
                "quantization_config",
                .object([
                    ("_load_in_4bit", .bool(true)),
                    ("_load_in_8bit", .bool(false)),
                    ("bnb_4bit_compute_dtype", .string(dtype)),
                    ("bnb_4bit_quant_storage", .string("uint8")),
                    ("bnb_4bit_quant_type", .string(kind.rawValue)),
                    ("bnb_4bit_use_double_quant", .bool(isDouble)),
                    ("llm_int8_enable_fp32_cpu_offload", .bool(false)),
                    ("llm_int8_has_fp16_weight", .bool(false)),
                    ("llm_int8_skip_modules", .null),
                    ("llm_int8_threshold", .double(6)),
                    ("load_in_4bit", .bool(true)),
                    ("load_in_8bit", .bool(false)),
                    ("quant_method", .string("bitsandbytes")),
                ])
            ))
        return .object(members)
    }
}

extension WeightView {
    /// Where a part lies and what bitsandbytes calls it; nil for what is no tensor there.
    fileprivate func place(of part: TensorPart, name: String) -> (name: String, address: UnsafeRawPointer)? {
        switch part {
        case .codes: (name, codes)
        case .scales: scales.map { ("\(name).absmax", $0) }
        case .nestedScales: nestedScales.map { ("\(name).nested_absmax", UnsafeRawPointer($0)) }
        case .scaleOffset: nil
        }
    }
}
