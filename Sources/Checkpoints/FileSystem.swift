/// The one way by which base stores and checkpoints change a disk, so that tests can let any step of it fail.
///
/// Every failure is an `InputError` of kind `.output` that names the path. Reading does not go through here.
package protocol FileSystem: Sendable {
    /// Makes an empty file that must not exist yet, for writing. The corresponding C function is `open`.
    func create(_ path: String) throws -> any WritableFile
    /// Opens a file that exists, for writing. The corresponding C function is `open`.
    func open(_ path: String) throws -> any WritableFile
    /// Makes one directory whose parent exists. The corresponding C function is `mkdir`.
    func createDirectory(_ path: String) throws
    /// Gives a file or directory another name in one step. The corresponding C function is `rename`.
    func rename(_ path: String, to target: String) throws
    /// Removes a file. The corresponding C function is `unlink`.
    func removeFile(_ path: String) throws
    /// Removes an empty directory. The corresponding C function is `rmdir`.
    func removeDirectory(_ path: String) throws
    /// Brings the entries of a directory to the disk. The corresponding C function is `fsync`.
    func synchronizeDirectory(_ path: String) throws
}

/// A file open for writing; used by one thread at a time.
package protocol WritableFile: AnyObject {
    /// Writes all bytes from the byte at `offset` on. The corresponding C function is `pwrite`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws
    /// Checks that there is room for `byteCount` bytes, so that a full disk shows now and not hours later.
    /// The corresponding C function is `fstatvfs`.
    /// - Throws: `InputError` of kind `.capacity`.
    func reserve(byteCount: Int) throws
    /// Brings what was written to the disk. After a failure the kernel may have dropped the bytes and forgotten about
    /// it, so a second try on the same file fails too: write another file. The corresponding C function is `fsync`.
    func synchronize() throws
    /// Closes the file; to be called once, and the file not used afterwards. The corresponding C function is `close`.
    func close() throws
}
