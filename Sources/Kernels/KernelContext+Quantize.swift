package import Buffers
import CKernels
package import Quantization

extension KernelContext {
    /// The 16 values of a 4-bit format, by code.
    package static func values(of kind: WeightFormat.Kind) -> [Float] {
        precondition(kind == .nf4 || kind == .fp4)
        let book = kind == .fp4 ? sk_fp4 : sk_nf4
        return withUnsafeBytes(of: book.values) { Array($0.bindMemory(to: Float.self)) }
    }

    /// The 256 values in which doubly quantised scales are stored, by code.
    package static var nestedScaleValues: [Float] {
        withUnsafeBytes(of: sk_nested_values) { Array($0.bindMemory(to: Float.self)) }
    }

    /// Encodes a tensor to NF4 or FP4 as bitsandbytes 0.50.2 does.
    ///
    /// - Parameters:
    ///   - x: `elementCount` values of type `source` (float32, bfloat16 or float16), row-major.
    ///   - bytes: laid out as `format.parts(elementCount:)` says; padding is left alone.
    package func encode(
        _ x: UnsafeRawBufferPointer, source: ScalarType, elementCount: Int, format: WeightFormat,
        into bytes: UnsafeMutableRawBufferPointer
    ) {
        precondition(format.isQuantized && format.blockSize > 0 && format.blockSize % 2 == 0)
        precondition(x.count >= elementCount * source.byteCount)
        precondition(bytes.count >= format.byteCount(elementCount: elementCount))
        guard elementCount > 0, let base = bytes.baseAddress else { return }
        let parts = format.parts(elementCount: elementCount)
        func address(_ part: TensorPart) -> UnsafeMutableRawPointer? {
            parts.first { $0.part == part }.map { base + $0.offset }
        }
        run {
            sk_encode_4bit(
                $0, x.baseAddress, source.nativeFormat, Int64(elementCount), format.native, Int32(format.blockSize),
                address(.codes)?.assumingMemoryBound(to: UInt8.self), address(.scales),
                address(.nestedScales)?.assumingMemoryBound(to: Float.self),
                address(.scaleOffset)?.assumingMemoryBound(to: Float.self))
        }
    }

    /// x [rows.count, columns] = the rows `rows` of `w`, in fp32.
    package func decode(_ w: WeightView, rows: Range<Int>, into x: Matrix) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= w.rows)
        precondition(x.rows == rows.count && x.columns == w.columns)
        run { sk_decode($0, w.native, Int64(rows.lowerBound), x.native) }
    }
}

extension ScalarType {
    /// The format of unquantised values of this type.
    fileprivate var nativeFormat: sk_format {
        switch self {
        case .float32: return SK_FORMAT_FP32
        case .float16: return SK_FORMAT_FP16
        case .bfloat16: return SK_FORMAT_BF16
        default: preconditionFailure("cannot encode values of type \(rawValue)")
        }
    }
}
