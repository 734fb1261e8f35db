package import Buffers

/// A tensor on its way into a safetensors file.
package struct OutgoingTensor {
    package let name: String
    package let type: ScalarType
    package let shape: [Int]
    /// Hands over exactly the tensor's bytes, in one run or several; called when its turn has come.
    package let write: (_ emit: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    package init(
        name: String, type: ScalarType, shape: [Int],
        write: @escaping (_ emit: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) {
        self.name = name
        self.type = type
        self.shape = shape
        self.write = write
    }

    /// A tensor whose values are at hand.
    package init<T: BitwiseCopyable>(name: String, type: ScalarType, shape: [Int], values: [T]) {
        precondition(values.count * MemoryLayout<T>.stride == shape.reduce(1, *) * type.byteCount)
        self.init(name: name, type: type, shape: shape) { emit in try values.withUnsafeBytes { try emit($0) } }
    }

    /// A tensor copied from another file.
    package init(_ tensor: StoredTensor, name: String? = nil) {
        self.init(name: name ?? tensor.name, type: tensor.type, shape: tensor.shape) { try $0(tensor.bytes) }
    }

    package var byteCount: Int { shape.reduce(1, *) * type.byteCount }
}

/// Writes safetensors files: widest types first, then by name, so that every tensor is aligned and the same tensors
/// always give the same bytes.
package enum SafetensorsWriter {
    /// Writes one file; it appears when it is whole.
    /// - Throws: `InputError` of kind `.output`, or what a tensor's `write` throws.
    package static func write(
        _ tensors: [OutgoingTensor], to path: String, metadata: [(String, String)] = [("format", "pt")]
    ) throws {
        let ordered = ordered(tensors)
        try OutputFile.write(to: path) { write in
            try header(ordered, metadata: metadata).withUnsafeBytes { try write($0) }
            for tensor in ordered {
                var written = 0
                try tensor.write {
                    written += $0.count
                    try write($0)
                }
                precondition(written == tensor.byteCount, "\(tensor.name): \(written) bytes written")
            }
        }
    }

    /// Writes a model: `model.safetensors`, or, where it exceeds `maximumFileByteCount`, numbered files and an index.
    package static func writeModel(
        _ tensors: [OutgoingTensor], to directory: String, maximumFileByteCount: Int = 5_000_000_000
    ) throws {
        var files: [[OutgoingTensor]] = [[]]
        var filled = 0
        for tensor in tensors {
            if filled > 0, filled + tensor.byteCount > maximumFileByteCount {
                files.append([])
                filled = 0
            }
            files[files.count - 1].append(tensor)
            filled += tensor.byteCount
        }
        if files.count == 1 { return try write(tensors, to: "\(directory)/model.safetensors") }
        var weightMap: [(String, JSONText)] = []
        for (index, members) in files.enumerated() {
            let name = "model-\(fiveDigits(index + 1))-of-\(fiveDigits(files.count)).safetensors"
            try write(members, to: "\(directory)/\(name)")
            weightMap += members.map { ($0.name, .string(name)) }
        }
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let index = JSONText.object([
            ("metadata", .object([("total_size", .integer(total))])), ("weight_map", .object(weightMap)),
        ])
        try OutputFile.write(index.indented() + "\n", to: "\(directory)/model.safetensors.index.json")
    }

    private static func fiveDigits(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
    }

    private static func ordered(_ tensors: [OutgoingTensor]) -> [OutgoingTensor] {
        precondition(Set(tensors.map { Array($0.name.utf8) }).count == tensors.count, "a tensor's name appears twice")
        return tensors.sorted { first, second in
            first.type.byteCount != second.type.byteCount
                ? first.type.byteCount > second.type.byteCount
                : first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
        }
    }

    /// The length and the header, padded with spaces so that the data starts at a multiple of 8.
    private static func header(_ tensors: [OutgoingTensor], metadata: [(String, String)]) -> [UInt8] {
        var members: [(String, JSONText)] = []
        if !metadata.isEmpty {
            members.append(("__metadata__", .object(metadata.map { ($0.0, .string($0.1)) })))
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.byteCount
            members.append(
                (
                    tensor.name,
                    .object([
                        ("dtype", .string(tensor.type.safetensorsName)),
                        ("shape", .array(tensor.shape.map(JSONText.integer))),
                        ("data_offsets", .array([.integer(offset), .integer(end)])),
                    ])
                ))
            offset = end
        }
        var text = Array(JSONText.object(members).compact.utf8)
        text += [UInt8](repeating: UInt8(ascii: " "), count: text.count.roundedUp(toMultipleOf: 8) - text.count)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
