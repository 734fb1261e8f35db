internal import Buffers
internal import CHDF5

/// How scalar types are written in HDF5: little-endian; bfloat16 as uint16 and bool as uint8, with their name beside.
enum StoredType {
    /// The attribute that names the scalar type where HDF5's type alone does not tell it.
    static let attributeName = "scalar_type"

    static func needsName(_ type: ScalarType) -> Bool { type == .bfloat16 || type == .bool }

    /// The type as it lies in a file, and in memory on this (little-endian) machine.
    static func handle(_ type: ScalarType, file: String, place: String) throws(HDF5Error) -> Handle {
        let standard: Int64 = Library.unchecked {
            switch type {
            case .float64: chdf5_float64()
            case .float32, .float16: chdf5_float32()
            case .int64: chdf5_int64()
            case .int32: chdf5_int32()
            case .int16: chdf5_int16()
            case .int8: chdf5_int8()
            case .uint64: chdf5_uint64()
            case .uint32: chdf5_uint32()
            case .uint16, .bfloat16: chdf5_uint16()
            case .uint8, .bool: chdf5_uint8()
            }
        }
        let copy = Handle(try Library.call(file, place, "make a type") { H5Tcopy(standard) })
        guard type == .float16 else { return copy }
        let id = copy.id
        // binary16: sign at bit 15, 5 bits of exponent from bit 10 with bias 15, 10 bits of fraction from bit 0. The
        // fields are moved before the size shrinks, since they must fit at every moment.
        _ = try Library.call(file, place, "make a half") { H5Tset_fields(id, 15, 10, 5, 0, 10) }
        _ = try Library.call(file, place, "make a half") { H5Tset_size(id, 2) }
        _ = try Library.call(file, place, "make a half") { H5Tset_ebias(id, 15) }
        return copy
    }

    /// The scalar type of a stored type; nil for what we have no word for (compounds, odd precisions, strings).
    static func scalarType(of id: Int64) -> ScalarType? {
        Library.unchecked {
            let size = H5Tget_size(id)
            switch H5Tget_class(id) {
            case H5T_INTEGER:
                guard H5Tget_precision(id) == size * 8 else { return nil }
                return integer(byteCount: size, isSigned: H5Tget_sign(id) == H5T_SGN_2)
            case H5T_FLOAT:
                var (sign, exponent, exponentBits, fraction, fractionBits) = (0, 0, 0, 0, 0)
                guard H5Tget_fields(id, &sign, &exponent, &exponentBits, &fraction, &fractionBits) >= 0 else {
                    return nil
                }
                return real(byteCount: size, exponentBits: exponentBits, fractionBits: fractionBits)
            case H5T_ENUM:
                // h5py writes booleans as an enumeration of one byte.
                return size == 1 ? .bool : nil
            default:
                return nil
            }
        }
    }

    private static func integer(byteCount: Int, isSigned: Bool) -> ScalarType? {
        switch byteCount {
        case 1: isSigned ? .int8 : .uint8
        case 2: isSigned ? .int16 : .uint16
        case 4: isSigned ? .int32 : .uint32
        case 8: isSigned ? .int64 : .uint64
        default: nil
        }
    }

    private static func real(byteCount: Int, exponentBits: Int, fractionBits: Int) -> ScalarType? {
        switch (byteCount, exponentBits, fractionBits) {
        case (8, 11, 52): .float64
        case (4, 8, 23): .float32
        case (2, 5, 10): .float16
        case (2, 8, 7): .bfloat16
        default: nil
        }
    }
}
