package import Architectures
package import Buffers
import Quantization

/// Writes a model of plain numbers (a merged or fully trained one) as a Hugging Face directory that transformers loads.
package struct ModelExport {
    /// With all the keys of the model's config.json; its dtype becomes `type`, and a quantisation is forgotten.
    private let configuration: ModelConfiguration
    private let architecture: Architecture
    private let type: ScalarType

    /// Elements that are rounded at once.
    private static let runLength = 1 << 16

    /// - Parameter type: what the weights are stored as: bf16, fp16 or fp32.
    package init(configuration: ModelConfiguration, architecture: Architecture, type: ScalarType = .bfloat16) {
        precondition(type.isFloatingPoint)
        self.configuration = configuration
        self.architecture = architecture
        self.type = type
    }

    /// Writes weights, config.json and `files` (the tokenizer's) as a directory, which appears when it is whole.
    ///
    /// Memory is bounded by the largest tensor. Values are rounded once, to nearest with ties to even.
    /// - Parameters:
    ///   - files: by name; a config.json among them is left out.
    ///   - maximumFileByteCount: weights beyond it go into numbered files and an index.
    ///   - values: fills the buffer with a tensor's values, row-major; asked once for each of `architecture.tensors`,
    ///     in the order in which they lie in the files.
    /// - Throws: `InputError` of kind `.output` where the directory cannot be written or holds what no export wrote, or
    ///   what `values` throws; what has the name already stays as it is then.
    package func write(
        to directory: String, files: [(name: String, bytes: [UInt8])], record: ExportRecord,
        maximumFileByteCount: Int = 5_000_000_000,
        values: @escaping (BaseTensor, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        let tensors = architecture.tensors
        let largest = tensors.reduce(0) { max($0, $1.elementCount) }
        let room = try AlignedStorage(byteCount: largest * MemoryLayout<Float>.stride)
        let outgoing = tensors.map { tensor in
            OutgoingTensor(name: tensor.name, type: type, shape: tensor.shape) { emit in
                let elements = room.elements(of: Float.self, count: tensor.elementCount)
                try values(tensor, elements)
                try emitRounded(UnsafeBufferPointer(elements), emit)
            }
        }
        let members = configuration.outgoingMembers(tiesEmbeddings: architecture.tiesEmbeddings, dtype: "\(type)")
        try ModelDirectoryWriter.write(
            outgoing, configuration: .object(members), files: files, record: record,
            maximumFileByteCount: maximumFileByteCount, to: directory)
    }

    private func emitRounded(
        _ values: UnsafeBufferPointer<Float>, _ emit: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if type == .float32 { return try emit(UnsafeRawBufferPointer(values)) }
        let room = try AlignedStorage(byteCount: Self.runLength * type.byteCount)
        for first in stride(from: 0, to: values.count, by: Self.runLength) {
            let run = UnsafeBufferPointer(rebasing: values[first..<min(first + Self.runLength, values.count)])
            let rounded = room.bytes(count: run.count * type.byteCount)
            for index in run.indices { type.store(run[index], into: rounded, index) }
            try emit(UnsafeRawBufferPointer(rounded))
        }
    }
}
