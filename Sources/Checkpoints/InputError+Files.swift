package import Buffers
internal import Foundation
internal import HDF5

extension InputError {
    /// An output that the system refused; `purpose` completes "cannot …", `code` is an errno.
    package static func notWritten(_ path: String, _ code: Int32, doing purpose: String) -> InputError {
        let remedy =
            switch code {
            case ENOSPC, EDQUOT: "free some space, or choose a place on another disk, and run again"
            case EACCES, EPERM, EROFS: "give this user the right to write there, or choose another place"
            case EIO: "the disk may be failing: check it, or choose a place on another one, and run again"
            case ENOENT: "make sure that the directory is there on every node"
            default: "choose another place and run again"
            }
        return InputError(
            .output, file: path, "cannot \(purpose): \(String(cString: strerror(code)))", remedy: remedy)
    }

    /// A store that HDF5 could not write.
    static func notWritten(_ error: HDF5Error) -> InputError {
        InputError(
            .output, file: error.file, place: error.place, error.message,
            remedy: "check the space and the rights there, and run again")
    }

    /// A file that is not what it should be, by HDF5.
    static func unreadable(_ error: HDF5Error, remedy: String) -> InputError {
        InputError(.data, file: error.file, place: error.place, error.message, remedy: remedy)
    }
}
