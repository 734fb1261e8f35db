import Foundation

/// What can be known of a disk before it is written to.
package enum DiskSpace {
    /// Makes sure that the disk of `place`, which exists, has room; what cannot be found out is let pass.
    ///
    /// The corresponding C function is `statvfs`.
    /// - Parameter file: what is to be written, for the message.
    /// - Throws: `InputError` of kind `.capacity`.
    package static func require(_ byteCount: Int, at place: String, for file: String) throws {
        var status = statvfs()
        guard statvfs(place, &status) == 0, status.f_frsize > 0, status.f_blocks > 0 else { return }
        let (free, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        guard !overflow, free < byteCount else { return }
        throw InputError(
            .capacity, file: file, "needs \(byteCount) bytes where \(free) are free",
            remedy: "free some space, or choose a place on another disk, and run again")
    }
}
