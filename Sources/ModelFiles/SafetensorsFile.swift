import Buffers

/// A safetensors file, mapped and checked: header, then bytes that the tensors cover exactly.
///
/// Source: the README of huggingface/safetensors and the checks of its `tensor.rs`.
package final class SafetensorsFile: Sendable {
    package let path: String
    /// In the order in which they lie.
    package let tensors: [StoredTensor]
    /// The strings under `__metadata__`.
    package let metadata: [String: String]
    private let map: MemoryMap
    private let headerByteCount: Int
    private let slots: [[UInt8]: Int]

    private static let maximumHeaderByteCount = 100_000_000
    private static let maximumTensorCount = 131_072
    private static let maximumRank = 8

    /// Opens and checks the file.
    /// - Throws: `InputError` of kind `.data` where the file cannot be read or breaks a rule of the format.
    package init(path: String) throws {
        let map = try MemoryMap(path: path)
        let header = try Self.header(of: map)
        guard let members = try JSONParser.parse(header, file: path, place: "header").object else {
            throw Self.error(path, "header", "is no JSON object")
        }
        var metadata: [String: String] = [:]
        var tensors: [StoredTensor] = []
        for (name, value) in members.members {
            if name == "__metadata__" {
                metadata = try Self.strings(value, path: path)
                continue
            }
            guard tensors.count < Self.maximumTensorCount else {
                throw Self.error(path, "header", "lists more than \(Self.maximumTensorCount) tensors")
            }
            tensors.append(try Self.tensor(name, value, dataStart: 8 + header.count, map: map))
        }
        tensors.sort {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        try Self.checkCoverage(tensors, dataStart: 8 + header.count, map: map)
        self.path = path
        self.map = map
        self.tensors = tensors
        self.metadata = metadata
        headerByteCount = 8 + header.count
        slots = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { (Array($1.name.utf8), $0) })
    }

    /// The tensor of that very name, byte for byte; nil where the file has none.
    package func tensor(named name: String) -> StoredTensor? { slots[Array(name.utf8)].map { tensors[$0] } }

    /// The length and the header, as they lie in the file.
    package var headerBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: map.bytes[..<headerByteCount]) }
    package var byteCount: Int { map.bytes.count }

    private static func error(_ path: String, _ place: String?, _ message: String) -> InputError {
        InputError(.data, file: path, place: place, message, remedy: "fetch or write the file again")
    }

    private static func header(of map: MemoryMap) throws -> UnsafeRawBufferPointer {
        guard map.bytes.count >= 8 else {
            throw error(map.path, nil, "is no safetensors file: it has \(map.bytes.count) bytes")
        }
        let length = UInt64(littleEndian: map.bytes.loadUnaligned(as: UInt64.self))
        guard length <= maximumHeaderByteCount else {
            throw error(map.path, "header", "is no safetensors header: its length would be \(length)")
        }
        guard Int(length) <= map.bytes.count - 8 else {
            throw error(
                map.path, "header", "is cut off: \(length) bytes announced, \(map.bytes.count - 8) there")
        }
        let header = UnsafeRawBufferPointer(rebasing: map.bytes[8..<8 + Int(length)])
        guard header.first == UInt8(ascii: "{") else { throw error(map.path, "header", "does not start with \"{\"") }
        return header
    }

    private static func strings(_ value: JSONValue, path: String) throws -> [String: String] {
        guard let object = value.object else { throw error(path, "__metadata__", "is no JSON object") }
        var strings: [String: String] = [:]
        for (key, value) in object.members {
            guard let text = value.string else { throw error(path, "__metadata__", "\"\(key)\" is no string") }
            strings[key] = text
        }
        return strings
    }

    private static func tensor(
        _ name: String, _ value: JSONValue, dataStart: Int, map: MemoryMap
    ) throws -> StoredTensor {
        let place = "tensor \(name.prefix(200))"
        guard let object = value.object, let typeName = object["dtype"]?.string else {
            throw error(map.path, place, "has no dtype")
        }
        guard let type = ScalarType(safetensorsName: typeName) else {
            throw InputError(
                .data, file: map.path, place: place, "has the dtype \(typeName.prefix(40)), which is not supported",
                remedy: "convert the model to BF16, F16 or F32")
        }
        guard let shape = object["shape"]?.array, shape.count <= maximumRank,
            let elements = Checked.product(shape.map { $0.integer ?? -1 }),
            let byteCount = Checked.product([elements, type.byteCount])
        else {
            throw error(map.path, place, "has no valid shape")
        }
        guard let offsets = object["data_offsets"]?.array, offsets.count == 2,
            let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0, begin <= end
        else {
            throw error(map.path, place, "has no valid data_offsets")
        }
        guard end <= map.bytes.count - dataStart else {
            throw error(
                map.path, place,
                "is cut off: it ends at byte \(end) of the data, the file holds \(map.bytes.count - dataStart)")
        }
        guard end - begin == byteCount else {
            throw error(map.path, place, "its shape takes \(byteCount) bytes, its data_offsets span \(end - begin)")
        }
        return StoredTensor(
            name: name, type: type, shape: shape.map { $0.integer ?? 0 },
            byteRange: dataStart + begin..<dataStart + end, map: map)
    }

    private static func checkCoverage(_ tensors: [StoredTensor], dataStart: Int, map: MemoryMap) throws {
        var next = dataStart
        for tensor in tensors {
            guard tensor.byteRange.lowerBound == next else {
                let fault = tensor.byteRange.lowerBound < next ? "overlaps the tensor before it" : "follows a hole"
                throw error(map.path, "tensor \(tensor.name.prefix(200))", fault)
            }
            next = tensor.byteRange.upperBound
        }
        guard next == map.bytes.count else {
            throw error(map.path, nil, "holds \(map.bytes.count - next) bytes that belong to no tensor")
        }
    }
}

extension ScalarType {
    private static let safetensorsNames: [(String, ScalarType)] = [
        ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
        ("I32", .int32), ("I16", .int16), ("I8", .int8), ("U64", .uint64), ("U32", .uint32), ("U16", .uint16),
        ("U8", .uint8), ("BOOL", .bool),
    ]

    /// The type that safetensors calls `name`; nil for those that we have no use for.
    init?(safetensorsName name: String) {
        guard let entry = Self.safetensorsNames.first(where: { $0.0 == name }) else { return nil }
        self = entry.1
    }

    /// `BF16`, `F32` …
    var safetensorsName: String { Self.safetensorsNames.first { $0.1 == self }?.0 ?? "U8" }
}
