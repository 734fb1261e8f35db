package import Buffers
internal import CHDF5

/// A dataset of an open file: values of one scalar type in a row-major shape.
package struct HDF5Dataset: ~Copyable, HDF5Object {
    private let handle: Handle
    package let file: String
    package let path: String
    package var id: Int64 { handle.id }

    init(handle: consuming Handle, file: String, path: String) {
        self.handle = handle
        self.file = file
        self.path = path
    }

    /// Extents, outermost first; empty for a single value. The corresponding C function is `H5Sget_simple_extent_dims`.
    package func shape() throws(HDF5Error) -> [Int] {
        let id = id
        let space = Handle(try Library.call(self, "read the shape") { H5Dget_space(id) })
        let spaceID = space.id
        let rank = try Library.call(self, "read the shape") { H5Sget_simple_extent_ndims(spaceID) }
        var extents = [UInt64](repeating: 0, count: Int(rank))
        _ = try Library.call(self, "read the shape") { H5Sget_simple_extent_dims(spaceID, &extents, nil) }
        let shape = extents.compactMap(Int.init(exactly:))
        guard shape.count == extents.count, Checked.product(shape + [8]) != nil else {
            throw HDF5Error(file: file, place: path, "the shape is too large")
        }
        return shape
    }

    /// The type of the values; `bfloat16` and `bool` by the attribute that names them.
    package func scalarType() throws(HDF5Error) -> ScalarType {
        let stored = try storedType()
        guard let type = StoredType.scalarType(of: stored.id) else {
            throw HDF5Error(file: file, place: path, "has a type that is not supported")
        }
        guard type == .uint16 || type == .uint8, try hasAttribute(StoredType.attributeName),
            case .text(let name) = try attribute(StoredType.attributeName), let named = ScalarType(rawValue: name),
            named.byteCount == type.byteCount
        else { return type }
        return named
    }

    /// The number of values.
    package func elementCount() throws(HDF5Error) -> Int { try shape().reduce(1, *) }

    /// Where the raw bytes begin in the file; nil where they are not one allotted run (chunks, or nothing written).
    /// The corresponding C function is `H5Dget_offset`.
    package func fileOffset() throws(HDF5Error) -> Int? {
        let list = try creationList()
        let (id, listID) = (id, list.id)
        let address = Library.unchecked {
            H5Pget_layout(listID) == H5D_CONTIGUOUS ? H5Dget_offset(id) : chdf5_undefined_address()
        }
        return address == chdf5_undefined_address() ? nil : Int(exactly: address)
    }

    /// Reads all values, little-endian, whatever the order in the file. The corresponding C function is `H5Dread`.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HDF5Error) {
        let type = try scalarType()
        let count = try elementCount()
        precondition(buffer.count == count * type.byteCount)
        guard let start = buffer.baseAddress, !buffer.isEmpty else { return }
        let memory = try memoryType(type)
        let (id, memoryID) = (id, memory.id)
        _ = try Library.call(self, "read the values") {
            H5Dread(id, memoryID, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), start)
        }
    }

    /// Writes all values. The corresponding C function is `H5Dwrite`.
    package func write(_ buffer: UnsafeRawBufferPointer) throws(HDF5Error) {
        let type = try scalarType()
        let count = try elementCount()
        precondition(buffer.count == count * type.byteCount)
        guard let start = buffer.baseAddress, !buffer.isEmpty else { return }
        let memory = try memoryType(type)
        let (id, memoryID) = (id, memory.id)
        _ = try Library.call(self, "write the values") {
            H5Dwrite(id, memoryID, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), start)
        }
    }

    /// An enumeration, or a 16-bit float that the file itself describes, is taken as it lies: only its bytes matter.
    private func memoryType(_ type: ScalarType) throws(HDF5Error) -> Handle {
        let stored = try storedType()
        let id = stored.id
        let isOwn = Library.unchecked {
            H5Tget_class(id) == H5T_ENUM || (type == .bfloat16 && H5Tget_class(id) == H5T_FLOAT)
        }
        return isOwn ? stored : try StoredType.handle(type, file: file, place: path)
    }

    private func storedType() throws(HDF5Error) -> Handle {
        let id = id
        return Handle(try Library.call(self, "read the type") { H5Dget_type(id) })
    }

    func creationList() throws(HDF5Error) -> Handle {
        let id = id
        return Handle(try Library.call(self, "read the storage") { H5Dget_create_plist(id) })
    }
}
