import Buffers

/// The parts of one tensor that is being written: bytes by part.
struct PartsOfTensor {
    private let layouts: [PartLayout]
    private let bytes: UnsafeMutableRawBufferPointer

    init(format: WeightFormat, elementCount: Int, bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= format.byteCount(elementCount: elementCount))
        layouts = format.parts(elementCount: elementCount)
        self.bytes = bytes
    }

    /// The bytes of a part, padding left out; the format must have it.
    subscript(part: TensorPart) -> UnsafeMutableRawBufferPointer {
        let layout = layout(of: part)
        return UnsafeMutableRawBufferPointer(rebasing: bytes[layout.offset..<layout.offset + layout.byteCount])
    }

    func type(of part: TensorPart) -> ScalarType { layout(of: part).type }

    private func layout(of part: TensorPart) -> PartLayout {
        guard let layout = layouts.first(where: { $0.part == part }) else {
            preconditionFailure("the format has no part \(part)")
        }
        return layout
    }
}
