internal import Buffers
internal import CHDF5

extension HDF5Object where Self: ~Copyable {
    /// Reads an attribute: a number or text, or a list of them. The corresponding C function is `H5Aread`.
    package func attribute(_ name: String) throws(HDF5Error) -> HDF5Attribute {
        let id = id
        let place = path + "@" + name
        let opened = Handle(
            try Library.call(file, place, "open the attribute") { H5Aopen(id, name, chdf5_default()) })
        return try AttributeReader(attribute: opened.id, file: file, place: place).value()
    }
}

/// Reads one open attribute, which its caller keeps open.
private struct AttributeReader {
    let attribute: Int64
    let file: String
    let place: String

    /// More values than this are no attribute of ours.
    private static let mostValues = 1 << 20

    func value() throws(HDF5Error) -> HDF5Attribute {
        let attribute = attribute
        let type = Handle(try Library.call(file, place, "read the type") { H5Aget_type(attribute) })
        let space = Handle(try Library.call(file, place, "read the shape") { H5Aget_space(attribute) })
        let (typeID, spaceID) = (type.id, space.id)
        let rank = try Library.call(file, place, "read the shape") { H5Sget_simple_extent_ndims(spaceID) }
        let count = try Library.call(file, place, "read the shape") { Int(H5Sget_simple_extent_npoints(spaceID)) }
        guard count <= Self.mostValues, rank > 0 || count == 1 else { throw refusal("has an odd number of values") }
        switch Library.unchecked({ H5Tget_class(typeID) }) {
        case H5T_INTEGER:
            let numbers = try numbers(Int64.self, count, chdf5_int64).map(Int.init)
            return rank == 0 ? .integer(numbers[0]) : .integers(numbers)
        case H5T_FLOAT:
            let numbers = try numbers(Double.self, count, chdf5_float64)
            return rank == 0 ? .real(numbers[0]) : .reals(numbers)
        case H5T_STRING:
            let texts = try texts(count, type: typeID, space: spaceID)
            return rank == 0 ? .text(texts[0]) : .texts(texts)
        default:
            throw refusal("has a type that is not supported")
        }
    }

    private func refusal(_ message: String) -> HDF5Error { HDF5Error(file: file, place: place, message) }

    private func numbers<T: BitwiseCopyable & Numeric>(
        _: T.Type, _ count: Int, _ type: () -> Int64
    ) throws(HDF5Error) -> [T] {
        var values = [T](repeating: 0, count: count)
        if count == 0 { return values }
        let (attribute, memory) = (attribute, Library.unchecked(type))
        _ = try Library.call(file, place, "read the attribute") { H5Aread(attribute, memory, &values) }
        return values
    }

    private func texts(_ count: Int, type: Int64, space: Int64) throws(HDF5Error) -> [String] {
        if count == 0 { return [] }
        return Library.unchecked { H5Tis_variable_str(type) } > 0
            ? try variableTexts(count, type: type, space: space) : try fixedTexts(count, type: type)
    }

    private func variableTexts(_ count: Int, type: Int64, space: Int64) throws(HDF5Error) -> [String] {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        let attribute = attribute
        _ = try Library.call(file, place, "read the attribute") { H5Aread(attribute, type, &pointers) }
        let texts = pointers.map { $0.map { String(cString: $0) } ?? "" }
        _ = Library.unchecked { H5Dvlen_reclaim(type, space, chdf5_default(), &pointers) }
        return texts
    }

    private func fixedTexts(_ count: Int, type: Int64) throws(HDF5Error) -> [String] {
        let size = Library.unchecked { H5Tget_size(type) }
        guard size > 0, let total = Checked.product([size, count]), total <= 1 << 26 else {
            throw refusal("holds too much text")
        }
        var bytes = [UInt8](repeating: 0, count: total)
        let attribute = attribute
        _ = try Library.call(file, place, "read the attribute") { H5Aread(attribute, type, &bytes) }
        return (0..<count).map { index in
            String(decoding: bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
