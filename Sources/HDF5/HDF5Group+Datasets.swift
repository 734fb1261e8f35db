package import Buffers
internal import CHDF5

extension HDF5Group {
    /// Opens a dataset. The corresponding C function is `H5Dopen2`.
    package func dataset(_ member: String) throws(HDF5Error) -> HDF5Dataset {
        let id = id
        let opened = try Library.call(file, path(of: member), "open the dataset") {
            H5Dopen2(id, member, chdf5_default())
        }
        return HDF5Dataset(handle: Handle(opened), file: file, path: path(of: member))
    }

    /// Makes a contiguous dataset whose place in the file is allotted at once and not filled; an empty shape is one
    /// value. The same calls give the same bytes: no times are recorded. The corresponding C function is `H5Dcreate2`.
    package func createDataset(_ member: String, type: ScalarType, shape: [Int]) throws(HDF5Error) -> HDF5Dataset {
        precondition(shape.allSatisfy { $0 >= 0 })
        let place = path(of: member)
        let list = try Handle.propertyList(chdf5_dataset_create(), file: file)
        let (id, creation) = (id, list.id)
        _ = try Library.call(file, place, "set early allocation") { H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY) }
        _ = try Library.call(file, place, "set no fill") { H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER) }
        _ = try Library.call(file, place, "set no times") { H5Pset_obj_track_times(creation, false) }
        let stored = try StoredType.handle(type, file: file, place: place)
        let space = try Self.space(shape, file: file, place: place)
        let (storedID, spaceID) = (stored.id, space.id)
        let made = try Library.call(file, place, "create the dataset") {
            H5Dcreate2(id, member, storedID, spaceID, chdf5_default(), creation, chdf5_default())
        }
        let dataset = HDF5Dataset(handle: Handle(made), file: file, path: place)
        if StoredType.needsName(type) { try dataset.setAttribute(StoredType.attributeName, .text(type.rawValue)) }
        return dataset
    }

    static func space(_ shape: [Int], file: String, place: String) throws(HDF5Error) -> Handle {
        let extents = shape.map(UInt64.init)
        return Handle(
            try Library.call(file, place, "make a shape") {
                shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), extents, nil)
            })
    }
}
