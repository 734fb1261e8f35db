package import Architectures
import Buffers
import Checkpoints
package import Kernels
package import ModelFiles
package import Quantization

/// How the tensors of a Hugging Face directory become a base: which format each takes, and the encoding itself.
package struct BaseEncoding: Sendable {
    package let directory: ModelDirectory
    /// The format of the blocks' linear layers; nil: as they are stored.
    package let linearFormat: WeightFormat?
    /// The format of embedding, norms, biases and head; nil: as they are stored, which loses nothing.
    package let otherFormat: WeightFormat?

    package init(_ directory: ModelDirectory, linearFormat: WeightFormat?, otherFormat: WeightFormat? = nil) {
        self.directory = directory
        self.linearFormat = linearFormat
        self.otherFormat = otherFormat
    }

    package var architecture: Architecture { directory.architecture }

    /// The format of each tensor of the base, unit by unit.
    /// - Throws: `InputError` where a tensor is quantised already, in another format than the one asked for.
    package func formats() throws -> [(tensor: BaseTensor, format: WeightFormat)] {
        try architecture.tensors.map { ($0, try format(of: $0)) }
    }

    private func format(of tensor: BaseTensor) throws -> WeightFormat {
        let asked = tensor.role.linear == nil ? otherFormat : linearFormat
        if let quantized = try directory.bitsandbytes?.weight(tensor, in: directory) {
            guard asked == nil || asked == quantized.format else {
                throw InputError(
                    .data, file: directory.path, place: "tensor \(tensor.name)",
                    "is stored as \(quantized.format) and cannot become \(asked?.description ?? "")",
                    remedy: "ask for the format it has, or start from the model's 16-bit weights")
            }
            return quantized.format
        }
        if let asked { return asked }
        switch try directory.tensor(named: tensor.name).type {
        case .float32: return .fp32
        case .float16: return .fp16
        default: return .bf16
        }
    }

    /// Encodes one tensor into the layout of a base store.
    /// - Parameter bytes: `format.byteCount(elementCount:)` bytes.
    package func encode(
        _ tensor: BaseTensor, as format: WeightFormat, into bytes: UnsafeMutableRawBufferPointer,
        context: KernelContext
    ) throws {
        if let quantized = try directory.bitsandbytes?.weight(tensor, in: directory) {
            quantized.copy(into: bytes)
            return
        }
        let stored = try directory.tensor(named: tensor.name)
        if format.isQuantized {
            context.encode(
                stored.bytes, source: stored.type, elementCount: tensor.elementCount, format: format, into: bytes)
        } else if format.parts(elementCount: 0)[0].type == stored.type {
            bytes.copyMemory(from: stored.bytes)
        } else {
            ReferenceCodec.encode(stored.bytes, of: stored.type, as: format, into: bytes)
        }
    }

    /// SHA-256 over the configuration, the files' headers and all weights: what a store was made from.
    package func sourceHash() throws -> String {
        var lines = directory.fingerprintIngredients.map { name, bytes in
            "\(name) \(bytes.withUnsafeBytes { Digest.hex(of: $0) })"
        }
        for tensor in directory.files.flatMap(\.tensors) {
            lines.append(tensor.withBytes { Digest.hex(of: $0) })
            // What was read once must not count as memory of ours.
            tensor.dontNeed()
        }
        return Digest.hex(of: lines.joined(separator: "\n"))
    }
}
