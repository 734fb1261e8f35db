package import Buffers

extension ScalarType {
    /// The three types that weights come in.
    package var isFloatingPoint: Bool { self == .float32 || self == .float16 || self == .bfloat16 }

    /// Element `index` of an array of this floating-point type, at any alignment, as fp32.
    package func load(from bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
        switch self {
        case .float32: return bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        case .float16: return Float(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
        case .bfloat16: return bytes.loadUnaligned(fromByteOffset: 2 * index, as: BFloat16.self).float
        default: preconditionFailure("\(self) is no type of weights")
        }
    }

    /// Writes `value`, rounded to nearest with ties to even, as element `index` of an array of this type.
    package func store(_ value: Float, into bytes: UnsafeMutableRawBufferPointer, _ index: Int) {
        switch self {
        case .float32: bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
        case .float16: bytes.storeBytes(of: Float16(value), toByteOffset: 2 * index, as: Float16.self)
        case .bfloat16: bytes.storeBytes(of: BFloat16(value), toByteOffset: 2 * index, as: BFloat16.self)
        default: preconditionFailure("\(self) is no type of weights")
        }
    }

    /// All elements of an array of this floating-point type as fp32.
    package func floats(in bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<bytes.count / byteCount).map { load(from: bytes, $0) }
    }
}
