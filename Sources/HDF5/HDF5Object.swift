/// What carries attributes: a group or a dataset of an open file.
package protocol HDF5Object: ~Copyable {
    /// The library's identifier.
    var id: Int64 { get }
    /// Path of the file on disk, or the name of an image; for messages.
    var file: String { get }
    /// Path of the object inside the file.
    var path: String { get }
}
