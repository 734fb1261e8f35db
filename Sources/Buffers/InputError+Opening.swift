import Foundation

extension InputError {
    /// A file that the system does not open; `code` is an errno.
    package static func notOpened(_ kind: Kind, _ path: String, _ code: Int32) -> InputError {
        let remedy: String? =
            switch code {
            case ENOENT, ENOTDIR: "check the path"
            case EACCES, EPERM: "give this user the right to read it"
            case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
            default: nil
            }
        return InputError(kind, file: path, "cannot be opened: \(String(cString: strerror(code)))", remedy: remedy)
    }
}
