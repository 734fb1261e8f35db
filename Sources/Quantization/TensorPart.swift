package import Buffers

/// One of the byte runs that make up a stored tensor.
package enum TensorPart: String, Codable, Sendable, CaseIterable {
    /// The values, or the packed codes: for 4-bit kinds two a byte, the even element in the high nibble.
    case codes
    /// One scale a block: fp32, or 8-bit codes where the scales are quantised themselves.
    case scales
    /// One fp32 scale for every 256 scales.
    case nestedScales
    /// One fp32: the mean that was taken off the scales before they were quantised.
    case scaleOffset
}

/// Where a part of a tensor lies inside the tensor's bytes.
package struct PartLayout: Hashable, Sendable {
    package let part: TensorPart
    package let type: ScalarType
    package let count: Int
    /// First byte, counted from the tensor's first; a multiple of 64.
    package let offset: Int

    package var byteCount: Int { count * type.byteCount }
}

extension WeightFormat {
    /// Every part starts at a multiple of this many bytes.
    package static let partAlignment = 64

    /// The parts of a tensor of `elementCount` elements in this format, in the order in which they lie.
    package func parts(elementCount: Int) -> [PartLayout] {
        var layouts: [PartLayout] = []
        var offset = 0
        func add(_ part: TensorPart, _ type: ScalarType, _ count: Int) {
            layouts.append(PartLayout(part: part, type: type, count: count, offset: offset))
            offset = (offset + count * type.byteCount).roundedUp(toMultipleOf: Self.partAlignment)
        }
        switch kind {
        case .fp32: add(.codes, .float32, elementCount)
        case .fp16: add(.codes, .float16, elementCount)
        case .bf16: add(.codes, .bfloat16, elementCount)
        case .nf4, .fp4:
            let blocks = elementCount.dividedRoundingUp(by: blockSize)
            add(.codes, .uint8, elementCount.dividedRoundingUp(by: 2))
            if doubleQuantized {
                add(.scales, .uint8, blocks)
                add(.nestedScales, .float32, blocks.dividedRoundingUp(by: Self.nestedBlockSize))
                add(.scaleOffset, .float32, 1)
            } else {
                add(.scales, .float32, blocks)
            }
        }
        return layouts
    }

    /// Bytes of a tensor's values or packed codes alone.
    package func codeByteCount(elementCount: Int) -> Int { parts(elementCount: elementCount)[0].byteCount }

    /// Bytes of a tensor in this format, padding between the parts included; a multiple of 64.
    package func byteCount(elementCount: Int) -> Int {
        guard let last = parts(elementCount: elementCount).last else { return 0 }
        return (last.offset + last.byteCount).roundedUp(toMultipleOf: Self.partAlignment)
    }
}
