internal import CHDF5

extension HDF5File {
    /// Groups nested deeper than this, or more objects than this, are no file of ours: it may be a circle of links.
    private static let deepestGroup = 16
    private static let mostObjects = 1_000_000

    /// Walks all objects and throws where one of them points out of the file or wants foreign code.
    func refuseWhatLeavesTheFile() throws(HDF5Error) {
        var objects = 0
        try visit(try root(), depth: 0, objects: &objects)
    }

    private func visit(
        _ group: borrowing HDF5Group, depth: Int, objects: inout Int
    ) throws(HDF5Error) {
        guard depth <= Self.deepestGroup else {
            throw HDF5Error(file: name, place: group.path, "groups are nested too deeply")
        }
        for member in try group.memberNames() {
            objects += 1
            guard objects <= Self.mostObjects else {
                throw HDF5Error(file: name, place: group.path, "the file holds too many objects")
            }
            switch try group.kind(of: member) {
            case .group: try visit(try group.group(member), depth: depth + 1, objects: &objects)
            case .dataset: try group.dataset(member).refuseForeignStorage()
            case .other: break
            }
        }
    }
}

extension HDF5Dataset {
    /// Throws unless the raw data lies in this file and needs only filters that are part of the library.
    fileprivate func refuseForeignStorage() throws(HDF5Error) {
        let list = try creationList()
        let id = list.id
        let externals = try Library.call(self, "read the storage") { H5Pget_external_count(id) }
        let layout = Library.unchecked { H5Pget_layout(id) }
        guard externals == 0, [H5D_CONTIGUOUS, H5D_CHUNKED, H5D_COMPACT].contains(layout) else {
            throw HDF5Error(file: file, place: path, "the data lies in another file, which is refused")
        }
        let allowed = [H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32]
        let filters = try Library.call(self, "read the filters") { H5Pget_nfilters(id) }
        for index in 0..<UInt32(filters) {
            let filter = try Library.call(self, "read a filter") {
                H5Pget_filter2(id, index, nil, nil, nil, 0, nil, nil)
            }
            guard allowed.contains(filter) else {
                throw HDF5Error(file: file, place: path, "filter \(filter) is refused")
            }
        }
    }
}
