internal import Buffers
internal import CHDF5

extension HDF5Object where Self: ~Copyable {
    private func place(_ name: String) -> String { path + "@" + name }

    /// Whether there is an attribute of that name. The corresponding C function is `H5Aexists`.
    package func hasAttribute(_ name: String) throws(HDF5Error) -> Bool {
        let id = id
        return try Library.call(self, "look for attribute \(name)") { H5Aexists(id, name) } > 0
    }

    /// Writes a new attribute. The corresponding C functions are `H5Acreate2` and `H5Awrite`.
    package func setAttribute(_ name: String, _ value: HDF5Attribute) throws(HDF5Error) {
        switch value {
        case .integer(let number): try write(name, [Int64(number)], shape: [], chdf5_int64)
        case .integers(let numbers): try write(name, numbers.map(Int64.init), shape: [numbers.count], chdf5_int64)
        case .real(let number): try write(name, [number], shape: [], chdf5_float64)
        case .reals(let numbers): try write(name, numbers, shape: [numbers.count], chdf5_float64)
        case .text(let text): try write(name, [text], shape: [])
        case .texts(let texts): try write(name, texts, shape: [texts.count])
        }
    }

    private func write<T: BitwiseCopyable>(
        _ name: String, _ values: [T], shape: [Int], _ type: () -> Int64
    ) throws(HDF5Error) {
        let typeID = Library.unchecked(type)
        let attribute = try create(name, type: typeID, shape: shape)
        let id = attribute.id
        if values.isEmpty { return }
        _ = try Library.call(file, place(name), "write the attribute") {
            values.withUnsafeBytes { H5Awrite(id, typeID, $0.baseAddress) }
        }
    }

    /// Texts are written with variable length: an attribute of fixed length must fit into 64 KiB.
    private func write(_ name: String, _ texts: [String], shape: [Int]) throws(HDF5Error) {
        let type = try textType(name)
        let typeID = type.id
        let attribute = try create(name, type: typeID, shape: shape)
        if texts.isEmpty { return }
        let id = attribute.id
        // One run of bytes holds all texts, each ended by a zero; HDF5 takes their addresses.
        var bytes: [CChar] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            bytes.append(contentsOf: text.utf8CString)
        }
        _ = try Library.call(file, place(name), "write the attribute") {
            bytes.withUnsafeBufferPointer { buffer in
                let addresses = starts.map { start in buffer.baseAddress.map { $0 + start } }
                return addresses.withUnsafeBytes { H5Awrite(id, typeID, $0.baseAddress) }
            }
        }
    }

    private func create(_ name: String, type: Int64, shape: [Int]) throws(HDF5Error) -> Handle {
        let space = try HDF5Group.space(shape, file: file, place: place(name))
        let (id, spaceID) = (id, space.id)
        return Handle(
            try Library.call(file, place(name), "create the attribute") {
                H5Acreate2(id, name, type, spaceID, chdf5_default(), chdf5_default())
            })
    }

    private func textType(_ name: String) throws(HDF5Error) -> Handle {
        let place = place(name)
        let type = Handle(try Library.call(file, place, "make a text type") { H5Tcopy(chdf5_string()) })
        let id = type.id
        _ = try Library.call(file, place, "make a text type") { H5Tset_size(id, chdf5_variable_size()) }
        _ = try Library.call(file, place, "make a text type") { H5Tset_cset(id, H5T_CSET_UTF8) }
        return type
    }
}
