package import Buffers

/// Encode and decode of every format, written to be read: the truth that the kernels are tested against.
///
/// NF4 and FP4 are bit-exact with bitsandbytes 0.50.2 on a CPU: blocks run over the flattened row-major tensor, across
/// rows.
package enum ReferenceCodec {
    /// Encodes a tensor into `bytes`, laid out as `format.parts(elementCount:)` says; padding is zeroed.
    ///
    /// - Parameters:
    ///   - source: the elements, of fp32, fp16 or bf16.
    ///   - bytes: exactly `format.byteCount(elementCount:)` bytes.
    package static func encode(
        _ source: UnsafeRawBufferPointer, of type: ScalarType, as format: WeightFormat,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        let count = source.count / type.byteCount
        precondition(type.isFloatingPoint && source.count == count * type.byteCount)
        precondition(bytes.count == format.byteCount(elementCount: count))
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let parts = PartsOfTensor(format: format, elementCount: count, bytes: bytes)
        switch format.kind {
        case .fp32, .fp16, .bf16:
            let target = parts.type(of: .codes)
            for index in 0..<count {
                target.store(type.load(from: source, index), into: parts[.codes], index)
            }
        case .nf4, .fp4:
            guard let codebook = format.kind.codebook else { preconditionFailure("\(format) has no codebook") }
            encodeBlocks(count: count, format: format, codebook, into: parts) { type.load(from: source, $0) }
        }
    }

    private static func encodeBlocks(
        count: Int, format: WeightFormat, _ codebook: Codebook, into parts: PartsOfTensor, element: (Int) -> Float
    ) {
        let codes = parts[.codes]
        var scales: [Float] = []
        for first in stride(from: 0, to: count, by: format.blockSize) {
            let block = first..<min(first + format.blockSize, count)
            var scale = block.reduce(Float(0)) { Float.maximum($0, abs(element($1))) }
            if block.count < format.blockSize { scale = max(scale, Codebook.smallestDivisor) }
            scales.append(scale)
            let reciprocal = 1 / max(scale, Codebook.smallestDivisor)
            for index in block {
                // bitsandbytes multiplies whole blocks by the reciprocal, and divides in the last, shorter one.
                let scaled = block.count == format.blockSize ? element(index) * reciprocal : element(index) / scale
                codes[index / 2] |= codebook.code(nearest: min(max(scaled, -1), 1)) << (index % 2 == 0 ? 4 : 0)
            }
        }
        if count % 2 == 1 { codes[count / 2] |= codebook.code(nearest: 0) }
        scales.withUnsafeBufferPointer { storeScales($0, format: format, into: parts) }
    }

    /// Writes the scales of a tensor into its parts, in 8 bits where the format says so; what a kernel that finds the
    /// scales itself calls at the end.
    package static func storeScales(
        _ scales: UnsafeBufferPointer<Float>, format: WeightFormat, elementCount: Int,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        storeScales(
            scales, format: format,
            into: PartsOfTensor(format: format, elementCount: elementCount, bytes: bytes))
    }

    private static func storeScales(
        _ scales: UnsafeBufferPointer<Float>, format: WeightFormat, into parts: PartsOfTensor
    ) {
        guard format.doubleQuantized else {
            parts[.scales].copyMemory(from: UnsafeRawBufferPointer(scales))
            return
        }
        guard !scales.isEmpty else { return }
        let offset = ScaleCodec.encode(
            scales, codes: parts[.scales].bindMemory(to: UInt8.self),
            nestedScales: parts[.nestedScales].bindMemory(to: Float.self))
        parts[.scaleOffset].storeBytes(of: offset, as: Float.self)
    }

    /// Decodes elements of a stored weight, numbered row-major, to fp32.
    package static func decode(
        _ weight: WeightView, elements: Range<Int>, into values: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(elements.lowerBound >= 0 && elements.upperBound <= weight.elementCount)
        precondition(values.count == elements.count)
        for (slot, index) in elements.enumerated() { values[slot] = weight.element(index) }
    }

    /// Decodes a whole weight to fp32.
    package static func decode(_ weight: WeightView) -> [Float] {
        (0..<weight.elementCount).map { weight.element($0) }
    }
}

extension WeightView {
    /// The value of one element, numbered row-major.
    package func element(_ index: Int) -> Float {
        precondition(index >= 0 && index < elementCount)
        switch format.kind {
        case .fp32: return codes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        case .fp16: return Float(codes.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
        case .bf16: return codes.loadUnaligned(fromByteOffset: 2 * index, as: BFloat16.self).float
        case .nf4, .fp4:
            let pair = codes.load(fromByteOffset: index / 2, as: UInt8.self)
            let code = index % 2 == 0 ? pair >> 4 : pair & 15
            let values = format.kind == .nf4 ? Codebook.nf4.values : Codebook.fp4.values
            return values[Int(code)] * scale(ofBlock: index / format.blockSize)
        }
    }

    /// The fp32 scale of one block of a format that has blocks.
    package func scale(ofBlock block: Int) -> Float {
        guard let scales else { preconditionFailure("\(format) has no scales") }
        guard format.doubleQuantized, let nestedScales else {
            return scales.loadUnaligned(fromByteOffset: 4 * block, as: Float.self)
        }
        return ScaleCodec.decode(
            scales.load(fromByteOffset: block, as: UInt8.self),
            nestedScale: nestedScales[block / WeightFormat.nestedBlockSize], offset: scaleOffset)
    }
}
