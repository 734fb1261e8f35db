package import Architectures
import Buffers
package import Checkpoints
package import Kernels
package import ModelFiles
import Quantization

/// A base as plain numbers, one tensor at a time, with all that a model directory needs beside them.
package struct DecodedBase {
    package let architecture: Architecture
    package let configuration: ModelConfiguration
    /// The tokenizer's files and others, by name.
    package let companions: [(name: String, bytes: [UInt8])]
    private let lend: (BaseTensor, _ body: (WeightView) -> Void) throws -> Void
    private let context: KernelContext

    /// The base in a store, which is let go of unit by unit.
    /// - Throws: `InputError` of kind `.data` where the store does not carry its model's config.json.
    package init(_ store: BaseStore, context: KernelContext) throws {
        architecture = store.architecture
        configuration = try store.configuration()
        companions = store.companions
        self.context = context
        lend = { tensor, body in
            withExtendedLifetime(store) { body(store.weight(tensor)) }
            store.dontNeed(tensor.unit, part: 0..<store.bytes(of: tensor.unit).count)
        }
    }

    /// The base that a model directory becomes; a tensor is encoded when it is asked for.
    package init(_ encoding: BaseEncoding, context: KernelContext) throws {
        architecture = encoding.architecture
        configuration = encoding.directory.configuration
        companions = BaseStoreBuilder.companionFiles(in: encoding.directory.path).sorted { $0.key < $1.key }.map {
            ($0.key, Array($0.value))
        }
        self.context = context
        let formats = Dictionary(uniqueKeysWithValues: try encoding.formats().map { ($0.tensor, $0.format) })
        let largest = formats.map { $0.value.byteCount(elementCount: $0.key.elementCount) }.max() ?? 0
        let room = try AlignedStorage(byteCount: largest)
        lend = { tensor, body in
            guard let format = formats[tensor] else { preconditionFailure("\(tensor.name) is not in this model") }
            let bytes = room.bytes(count: format.byteCount(elementCount: tensor.elementCount))
            try encoding.encode(tensor, as: format, into: bytes, context: context)
            encoding.directory.storedTensor(named: tensor.name)?.dontNeed()
            body(
                WeightView(
                    format: format, rows: tensor.rows, columns: tensor.columns, bytes: UnsafeRawBufferPointer(bytes)))
        }
    }

    /// Decodes a tensor to fp32, row-major.
    package func decode(_ tensor: BaseTensor, into values: UnsafeMutableBufferPointer<Float>) throws {
        let matrix = Matrix(values, rows: tensor.rows, columns: tensor.columns)
        try lend(tensor) { context.decode($0, rows: 0..<tensor.rows, into: matrix) }
    }
}
