internal import CHDF5

/// An identifier of the library that is given back when its owner goes.
struct Handle: ~Copyable {
    let id: Int64

    init(_ id: Int64) {
        precondition(id >= 0)
        self.id = id
    }

    /// Passes the duty to give the identifier back to the caller.
    consuming func release() -> Int64 {
        let id = id
        discard self
        return id
    }

    deinit { _ = Library.unchecked { H5Idec_ref(id) } }
}

extension Handle {
    /// A new property list. The corresponding C function is `H5Pcreate`.
    static func propertyList(_ kind: Int64, file: String) throws(HDF5Error) -> Handle {
        Handle(try Library.call(file, "/", "make a property list") { H5Pcreate(kind) })
    }
}
