import Buffers
import Quantization

/// A tensor encoded by the reference, and its parts.
struct Encoded {
    let storage: AlignedStorage
    let format: WeightFormat
    let elementCount: Int

    init(_ source: [UInt8], of type: ScalarType, as format: WeightFormat) throws {
        elementCount = source.count / type.byteCount
        self.format = format
        storage = try AlignedStorage(byteCount: format.byteCount(elementCount: elementCount))
        source.withUnsafeBytes { ReferenceCodec.encode($0, of: type, as: format, into: storage.bytes()) }
    }

    init(_ values: [Float], as format: WeightFormat) throws {
        try self.init(values.withUnsafeBytes { [UInt8]($0) }, of: .float32, as: format)
    }

    func bytes(_ part: TensorPart) -> [UInt8] {
        guard let layout = format.parts(elementCount: elementCount).first(where: { $0.part == part }) else { return [] }
        return [UInt8](storage.bytes(at: layout.offset, count: layout.byteCount))
    }

    func floats(_ part: TensorPart) -> [Float] {
        bytes(part).withUnsafeBytes { ScalarType.float32.floats(in: $0) }
    }

    var view: WeightView {
        WeightView(
            format: format, rows: 1, columns: elementCount, bytes: UnsafeRawBufferPointer(storage.bytes()))
    }

    var decoded: [Float] { ReferenceCodec.decode(view) }
}
