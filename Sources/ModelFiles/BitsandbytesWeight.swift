import Buffers
package import Quantization

/// One NF4 or FP4 weight in bitsandbytes' layout: packed codes and the tensors beside them.
///
/// Source: `QuantState.as_dict(packed: true)` of bitsandbytes 0.50.2.
package struct BitsandbytesWeight: Sendable {
    package let format: WeightFormat
    package let shape: [Int]
    private let codes: StoredTensor
    private let scales: StoredTensor
    private let nestedScales: StoredTensor?
    private let scaleOffset: Float
    /// The names of all its tensors.
    package let partNames: [String]

    static func stateSuffix(_ kind: WeightFormat.Kind) -> String { ".quant_state.bitsandbytes__\(kind.rawValue)" }

    /// Collects and checks the parts.
    /// - Parameters:
    ///   - shape: what the architecture asks for.
    ///   - lookUp: gives the tensor of a name, nil where there is none.
    /// - Throws: `InputError` of kind `.data` that names the part.
    package init(name: String, shape: [Int], lookUp: @escaping (String) -> StoredTensor?) throws {
        let parts = PartLookUp(name: name, lookUp: lookUp)
        let codes = try parts.codes()
        let kind: WeightFormat.Kind = lookUp(name + Self.stateSuffix(.fp4)) == nil ? .nf4 : .fp4
        let stateSuffix = Self.stateSuffix(kind)
        let state = try QuantState(try parts.part(stateSuffix), kind: kind)
        guard state.shape == shape else {
            throw parts.fault(stateSuffix, "has the shape \(state.shape), config.json asks for \(shape)")
        }
        let count = shape.reduce(1, *)
        let format = WeightFormat.quantized(
            kind, blockSize: state.blockSize, doubleQuantized: state.nestedOffset != nil)
        var sizes: [TensorPart: Int] = [:]
        for layout in format.parts(elementCount: count) { sizes[layout.part] = layout.count }
        try parts.check(codes, suffix: "", .uint8, sizes[.codes])
        try parts.checkTable(".quant_map", kind.codebook?.values ?? [])
        scales = try parts.part(".absmax")
        try parts.check(scales, suffix: ".absmax", format.doubleQuantized ? .uint8 : .float32, sizes[.scales])
        var names = ["", stateSuffix, ".quant_map", ".absmax"]
        if format.doubleQuantized {
            let nested = try parts.part(".nested_absmax")
            try parts.check(nested, suffix: ".nested_absmax", .float32, sizes[.nestedScales])
            try parts.checkTable(".nested_quant_map", DynamicMap.signed)
            nestedScales = nested
            names += [".nested_absmax", ".nested_quant_map"]
        } else {
            nestedScales = nil
        }
        scaleOffset = state.nestedOffset ?? 0
        partNames = names.map { name + $0 }
        self.codes = codes
        self.format = format
        self.shape = shape
    }

    /// Copies the parts into the layout of a base store, bit for bit; padding is zeroed.
    /// - Parameter bytes: exactly `format.byteCount(elementCount:)` bytes.
    package func copy(into bytes: UnsafeMutableRawBufferPointer) {
        let count = shape.reduce(1, *)
        precondition(bytes.count == format.byteCount(elementCount: count))
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        for layout in format.parts(elementCount: count) {
            let target = UnsafeMutableRawBufferPointer(
                rebasing: bytes[layout.offset..<layout.offset + layout.byteCount])
            switch layout.part {
            case .codes: target.copyMemory(from: codes.bytes)
            case .scales: target.copyMemory(from: scales.bytes)
            case .nestedScales: if let nestedScales { target.copyMemory(from: nestedScales.bytes) }
            case .scaleOffset: target.storeBytes(of: scaleOffset, as: Float.self)
            }
        }
    }
}

/// The JSON in `quant_state`: what is no tensor.
private struct QuantState {
    let blockSize: Int
    let shape: [Int]
    /// nil where the scales are not quantised themselves.
    let nestedOffset: Float?

    init(_ tensor: StoredTensor, kind: WeightFormat.Kind) throws {
        let place = "tensor \(tensor.name.prefix(200))"
        func fault(_ message: String) -> InputError {
            InputError(.data, file: tensor.map.path, place: place, message, remedy: "quantise the model again")
        }
        guard tensor.type == .uint8 else { throw fault("holds \(tensor.type), not bytes of JSON") }
        let value = try tensor.withBytes { try JSONParser.parse($0, file: tensor.map.path, place: place) }
        guard let object = value.object else { throw fault("is no JSON object") }
        guard object["quant_type"]?.string == kind.rawValue else { throw fault("quant_type is not \(kind.rawValue)") }
        guard let blockSize = object["blocksize"]?.integer, WeightFormat.isBlockSize(blockSize) else {
            throw fault("blocksize is no power of two from 32 on")
        }
        guard let shape = object["shape"]?.array, shape.count <= 8 else { throw fault("has no shape") }
        self.blockSize = blockSize
        self.shape = shape.map { $0.integer ?? -1 }
        guard let nestedBlockSize = object["nested_blocksize"] else {
            nestedOffset = nil
            return
        }
        guard nestedBlockSize.integer == WeightFormat.nestedBlockSize else {
            throw fault("nested_blocksize is not 256")
        }
        guard let offset = object["nested_offset"]?.double else { throw fault("has no nested_offset") }
        nestedOffset = Float(offset)
    }
}

/// Finds and checks the tensors beside one weight.
private struct PartLookUp {
    let name: String
    let lookUp: (String) -> StoredTensor?

    func codes() throws -> StoredTensor { try part("") }

    func part(_ suffix: String) throws -> StoredTensor {
        guard let tensor = lookUp(name + suffix) else {
            throw InputError(
                .data, place: "tensor \((name + suffix).prefix(200))", "is missing", remedy: "quantise the model again")
        }
        return tensor
    }

    func check(_ tensor: StoredTensor, suffix: String, _ type: ScalarType, _ count: Int?) throws {
        guard tensor.type == type, tensor.elementCount == count else {
            throw fault(suffix, "holds \(tensor.elementCount) × \(tensor.type), expected \(count ?? 0) × \(type)")
        }
    }

    func checkTable(_ suffix: String, _ values: [Float]) throws {
        let tensor = try part(suffix)
        try check(tensor, suffix: suffix, .float32, values.count)
        guard tensor.floats == values else {
            throw fault(suffix, "is not the table of this format")
        }
    }

    func fault(_ suffix: String, _ message: String) -> InputError {
        InputError(
            .data, file: lookUp(name + suffix)?.map.path, place: "tensor \((name + suffix).prefix(200))", message,
            remedy: "quantise the model again")
    }
}
