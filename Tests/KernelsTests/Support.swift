import Buffers
import Foundation
import Kernels
import Quantization
import Testing

/// Values in memory of their own, with padding that must stay as it was.
struct Values {
    let storage: AlignedStorage
    let matrix: Matrix

    /// rows × columns uniform values in [-1, 1), `padding` elements between rows, `shift` elements off a page boundary.
    init(_ rows: Int, _ columns: Int, seed: UInt64, padding: Int = 0, shift: Int = 0) throws {
        let count = rows * (columns + padding) + shift
        storage = try AlignedStorage(byteCount: max(1, count) * 4)
        let elements = storage.elements(of: Float.self, count: count)
        let rng = CounterRNG(seed: seed, purpose: .benchmark)
        for index in elements.indices { elements[index] = rng.uniform(index) * 2 - 1 }
        matrix = Matrix(
            (elements.baseAddress ?? Matrix.nowhere) + shift, rows: rows, columns: columns, stride: columns + padding)
    }

    /// All bits, padding included.
    var bits: [UInt32] {
        storage.elements(of: Float.self, count: storage.byteCount / 4).map { canonicalBits($0) }
    }

    var elements: [Float] { (0..<matrix.rows).flatMap { Array(matrix.row($0)) } }
}

/// The bit pattern; all NaNs are one.
func canonicalBits(_ value: Float) -> UInt32 { value.isNaN ? 0x7FC0_0000 : value.bitPattern }

/// A context of every instruction set of this CPU with one, two and three threads.
func everyContext() throws -> [KernelContext] {
    try InstructionSet.supported.flatMap { set in
        try [1, 2, 3].map { try KernelContext(threads: $0, instructionSet: set) }
    }
}

/// Fails unless a ≈ b within `tolerance` times the largest magnitude of b.
func expectClose(
    _ a: [Float], _ b: [Double], tolerance: Double = 2e-6, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(a.count == b.count, sourceLocation: sourceLocation)
    let largest = b.map(abs).max() ?? 0
    for (x, y) in zip(a, b) where !(abs(Double(x) - y) <= tolerance * max(largest, 1e-30)) {
        Issue.record("\(x) is not \(y)", sourceLocation: sourceLocation)
        return
    }
}

/// An encoded or converted weight and the memory it lies in.
struct StoredWeight {
    let storage: AlignedStorage
    let view: WeightView

    init(format: WeightFormat, rows: Int, columns: Int, seed: UInt64, context: KernelContext) throws {
        try self.init(format: format, values: try Values(rows, columns, seed: seed), context: context)
    }

    /// `values` without padding.
    init(format: WeightFormat, values: Values, context: KernelContext) throws {
        let (rows, columns) = (values.matrix.rows, values.matrix.columns)
        let count = rows * columns
        storage = try AlignedStorage(byteCount: max(64, format.byteCount(elementCount: count)))
        let source = UnsafeRawBufferPointer(values.storage.bytes(at: 0, count: count * 4))
        switch format.kind {
        case .fp32: storage.bytes().copyMemory(from: source)
        case .fp16:
            let halves = storage.elements(of: UInt16.self, count: count)
            for (index, value) in values.elements.enumerated() { halves[index] = Float16(value).bitPattern }
        case .bf16:
            let halves = storage.elements(of: UInt16.self, count: count)
            for (index, value) in values.elements.enumerated() { halves[index] = BFloat16(value).bitPattern }
        case .nf4, .fp4:
            context.encode(
                source, source: .float32, elementCount: count, format: format, into: storage.bytes())
        }
        view = WeightView(format: format, rows: rows, columns: columns, bytes: UnsafeRawBufferPointer(storage.bytes()))
    }
}

/// The tensors of a small safetensors file.
struct Fixture {
    private let data: Data
    private let header: [String: Any]
    private let start: Int

    init(_ name: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
        data = try Data(contentsOf: url)
        let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        start = 8 + length
        header = try #require(JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any])
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let entry = try #require(header[name] as? [String: Any])
        let range = try #require(entry["data_offsets"] as? [Int])
        return Array(data[(start + range[0])..<(start + range[1])])
    }

    func shape(_ name: String) throws -> [Int] {
        let entry = try #require(header[name] as? [String: Any])
        return try #require(entry["shape"] as? [Int])
    }

    func floats(_ name: String) throws -> [Float] {
        try bytes(name).withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }
}
