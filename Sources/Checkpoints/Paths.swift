internal import Buffers
internal import Foundation

/// What is asked of paths without changing anything.
enum Paths {
    static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    static func name(of path: String) -> String { (path as NSString).lastPathComponent }

    static func isDirectory(_ path: String) -> Bool { mode(path, stat).map { $0 & S_IFMT == S_IFDIR } ?? false }

    static func isLink(_ path: String) -> Bool { mode(path, lstat).map { $0 & S_IFMT == S_IFLNK } ?? false }

    static func exists(_ path: String) -> Bool { mode(path, lstat) != nil }

    private static func mode(
        _ path: String, _ ask: (UnsafePointer<CChar>, UnsafeMutablePointer<stat>) -> Int32
    ) -> mode_t? {
        var status = stat()
        return ask(path, &status) == 0 ? status.st_mode : nil
    }

    /// Bytes of a regular file; nil where there is none.
    static func byteCount(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Names of the entries of a directory, in order; empty where there is no such directory.
    static func names(in directory: String) throws -> [String] {
        guard exists(directory) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw InputError(
                .data, file: directory, "cannot be listed", remedy: "check that it is a directory that you may read")
        }
    }

    /// The content of a small file.
    static func read(_ path: String, atMost limit: Int, remedy: String) throws -> Data {
        guard let count = byteCount(path) else { throw InputError(.data, file: path, "is missing", remedy: remedy) }
        guard count <= limit else { throw InputError(.data, file: path, "is too large", remedy: remedy) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(.data, file: path, "cannot be read", remedy: "check the rights on it")
        }
        return data
    }
}
