internal import CHDF5

/// A group of an open file: names of groups and datasets.
package struct HDF5Group: ~Copyable, HDF5Object {
    private let handle: Handle
    package let file: String
    package let path: String
    package var id: Int64 { handle.id }

    init(handle: consuming Handle, file: String, path: String) {
        self.handle = handle
        self.file = file
        self.path = path
    }

    /// What a name in a group stands for.
    package enum MemberKind: Sendable { case group, dataset, other }

    func path(of member: String) -> String { path == "/" ? "/" + member : path + "/" + member }

    /// Names of the members in alphabetical order. The corresponding C function is `H5Lget_name_by_idx`.
    package func memberNames() throws(HDF5Error) -> [String] {
        let id = id
        var info = H5G_info_t()
        _ = try Library.call(self, "read the group") { H5Gget_info(id, &info) }
        var names: [String] = []
        for index in 0..<info.nlinks { names.append(try memberName(index)) }
        return names
    }

    private func memberName(_ index: UInt64) throws(HDF5Error) -> String {
        let id = id
        func copy(_ text: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
            H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, text, capacity, chdf5_default())
        }
        let length = try Library.call(self, "read a name") { copy(nil, 0) }
        var text = [CChar](repeating: 0, count: length + 1)
        _ = try Library.call(self, "read a name") { copy(&text, length + 1) }
        return String(decoding: text.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether there is a member of that name. The corresponding C function is `H5Lexists`.
    package func contains(_ member: String) throws(HDF5Error) -> Bool {
        let id = id
        return try Library.call(self, "look for \(member)") { H5Lexists(id, member, chdf5_default()) } > 0
    }

    /// What a member is.
    /// - Throws: `HDF5Error` where the name is a soft, external or user-defined link.
    package func kind(of member: String) throws(HDF5Error) -> MemberKind {
        let id = id
        let isHard = try Library.call(self, "look at \(member)") { chdf5_link_is_hard(id, member) }
        guard isHard == 1 else {
            throw HDF5Error(file: file, place: path(of: member), "is a link to elsewhere, which is refused")
        }
        let object = Handle(try Library.call(self, "open \(member)") { H5Oopen(id, member, chdf5_default()) })
        let opened = object.id
        return switch Library.unchecked({ H5Iget_type(opened) }) {
        case H5I_GROUP: .group
        case H5I_DATASET: .dataset
        default: .other
        }
    }

    /// Opens a group below this one. The corresponding C function is `H5Gopen2`.
    package func group(_ member: String) throws(HDF5Error) -> HDF5Group {
        let id = id
        let opened = try Library.call(file, path(of: member), "open the group") {
            H5Gopen2(id, member, chdf5_default())
        }
        return HDF5Group(handle: Handle(opened), file: file, path: path(of: member))
    }

    /// Makes a group below this one. The corresponding C function is `H5Gcreate2`.
    package func createGroup(_ member: String) throws(HDF5Error) -> HDF5Group {
        let id = id
        let made = try Library.call(file, path(of: member), "create the group") {
            H5Gcreate2(id, member, chdf5_default(), chdf5_default(), chdf5_default())
        }
        return HDF5Group(handle: Handle(made), file: file, path: path(of: member))
    }
}
