internal import CHDF5
package import Buffers

/// An open HDF5 file, on disk or in memory; it closes with its owner.
///
/// What is read is untrusted: links that leave the file, raw data in other files and filters other than deflate,
/// shuffle and Fletcher32 are refused when the file is opened.
package struct HDF5File: ~Copyable {
    /// Path of the file on disk, or the name given to an image.
    package let name: String
    private let handle: Handle

    private init(name: String, handle: consuming Handle) {
        self.name = name
        self.handle = handle
    }

    /// Creates a file on disk, replacing one that is there; datasets of at least `alignment` bytes begin at multiples
    /// of it. The corresponding C function is `H5Fcreate`.
    package static func create(path: String, alignment: Int = 4096) throws(HDF5Error) -> HDF5File {
        let access = try accessList(path, alignment: alignment, isWritten: true)
        let id = try Library.call(path, "/", "create the file") {
            H5Fcreate(path, chdf5_truncate(), chdf5_default(), access.id)
        }
        return HDF5File(name: path, handle: Handle(id))
    }

    /// Creates a file that lives in memory only; `expectedByteCount` spares it from growing in small steps.
    /// The corresponding C functions are `H5Pset_fapl_core` and `H5Fcreate`.
    package static func createImage(
        name: String, alignment: Int = 4096, expectedByteCount: Int = 1 << 20
    ) throws(HDF5Error) -> HDF5File {
        let access = try accessList(name, alignment: alignment, isWritten: true)
        _ = try Library.call(name, "/", "use memory") {
            H5Pset_fapl_core(access.id, max(1 << 16, expectedByteCount), false)
        }
        let unique = Library.uniqueName(name)
        let id = try Library.call(name, "/", "create the image") {
            H5Fcreate(unique, chdf5_truncate(), chdf5_default(), access.id)
        }
        return HDF5File(name: name, handle: Handle(id))
    }

    /// Opens a file on disk for reading. The corresponding C function is `H5Fopen`.
    package static func open(path: String) throws(HDF5Error) -> HDF5File {
        let access = try accessList(path, alignment: 1, isWritten: false)
        let file = HDF5File(name: path, handle: Handle(try open(path, access: access)))
        try file.refuseWhatLeavesTheFile()
        return file
    }

    /// Opens a copy of an image for reading; `name` is for messages.
    /// The corresponding C functions are `H5Pset_file_image` and `H5Fopen`.
    package static func open(image: UnsafeRawBufferPointer, name: String) throws(HDF5Error) -> HDF5File {
        guard let start = image.baseAddress else { throw HDF5Error(file: name, place: "/", "the image is empty") }
        let access = try accessList(name, alignment: 1, isWritten: false)
        _ = try Library.call(name, "/", "use memory") { H5Pset_fapl_core(access.id, 1 << 16, false) }
        _ = try Library.call(name, "/", "take the image") {
            H5Pset_file_image(access.id, UnsafeMutableRawPointer(mutating: start), image.count)
        }
        let file = HDF5File(name: name, handle: Handle(try open(Library.uniqueName(name), access: access)))
        try file.refuseWhatLeavesTheFile()
        return file
    }

    private static func open(_ name: String, access: borrowing Handle) throws(HDF5Error) -> Int64 {
        let list = access.id
        return try Library.call(name, "/", "open the file") { H5Fopen(name, chdf5_read_only(), list) }
    }

    private static func accessList(_ name: String, alignment: Int, isWritten: Bool) throws(HDF5Error) -> Handle {
        precondition(alignment > 0)
        let list = try Handle.propertyList(chdf5_file_access(), file: name)
        let id = list.id
        _ = try Library.call(name, "/", "set the alignment") {
            H5Pset_alignment(id, UInt64(alignment), UInt64(alignment))
        }
        // A file that was written must be whole once it is closed, so what is still open in it closes with it. One that
        // is read stays open as long as anything in it.
        let degree = isWritten ? H5F_CLOSE_STRONG : H5F_CLOSE_WEAK
        _ = try Library.call(name, "/", "set the closing order") { H5Pset_fclose_degree(id, degree) }
        _ = try Library.call(name, "/", "switch locks off") { chdf5_take_no_lock(id) }
        return list
    }

    /// The group at the top. The corresponding C function is `H5Gopen2`.
    package func root() throws(HDF5Error) -> HDF5Group {
        let id = handle.id
        let group = try Library.call(name, "/", "open the root") { H5Gopen2(id, "/", chdf5_default()) }
        return HDF5Group(handle: Handle(group), file: name, path: "/")
    }

    /// The bytes that a file with this content has on disk. The corresponding C function is `H5Fget_file_image`.
    package func image() throws -> AlignedStorage {
        let id = handle.id
        _ = try Library.call(name, "/", "flush the image") { H5Fflush(id, H5F_SCOPE_GLOBAL) }
        let count = try Library.call(name, "/", "size the image") { H5Fget_file_image(id, nil, 0) }
        let storage = try AlignedStorage(byteCount: count)
        _ = try Library.call(name, "/", "copy the image") { H5Fget_file_image(id, storage.base, count) }
        return storage
    }

    /// Writes out what is pending and closes. The corresponding C function is `H5Fclose`.
    package consuming func close() throws(HDF5Error) {
        let id = handle.release()
        _ = try Library.call(name, "/", "close the file") { H5Fclose(id) }
    }
}
