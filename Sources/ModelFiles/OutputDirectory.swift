import Buffers
import Foundation

/// A directory that appears under its name only when it is whole: filled beside it, flushed to the disk, renamed.
enum OutputDirectory {
    /// Calls `body` with the path of an empty directory, which gets the name `path` when `body` has returned.
    ///
    /// What has the name already is replaced where it is empty, or holds nothing but what its `ExportRecord` lists.
    /// - Throws: `InputError` of kind `.output`, or what `body` throws; nothing is left behind then.
    static func write(to path: String, record: ExportRecord, _ body: (_ temporary: String) throws -> Void) throws {
        // A link stays; what it points to is replaced.
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        try checkReplaceable(path)
        try OutputFile.createDirectory(TemporaryName.parent(of: path))
        for stale in TemporaryName.stale(beside: path) { try? FileManager.default.removeItem(atPath: stale) }
        let temporary = TemporaryName.beside(path)
        guard mkdir(temporary, 0o777) == 0 else { throw OutputFile.failure(path, "cannot be created") }
        do {
            try body(temporary)
            try record.write(to: temporary)
            try putInPlace(temporary, path)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw named(path, error, temporary)
        }
    }

    private static func checkReplaceable(_ path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return }
        func refusal(_ message: String) -> InputError {
            InputError(.output, file: path, message, remedy: "name another directory, or remove this one")
        }
        guard isDirectory.boolValue else { throw refusal("is there already, and is no directory") }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw refusal("is there already, and cannot be listed")
        }
        if names.isEmpty { return }
        let own = Set((try? ExportRecord(directory: path))??.files ?? [])
        if let foreign = names.sorted().first(where: { !own.contains($0) && $0 != ExportRecord.fileName }) {
            throw refusal("is there already, and holds what no export wrote (\(foreign.prefix(80)))")
        }
    }

    /// What has the name goes aside first: a directory cannot be renamed over one that is not empty.
    private static func putInPlace(_ temporary: String, _ path: String) throws {
        let aside = TemporaryName.beside(path)
        let isReplaced = rename(path, aside) == 0
        guard rename(temporary, path) == 0 else {
            let error = OutputFile.failure(path, "cannot be renamed into place")
            if isReplaced { rename(aside, path) }
            throw error
        }
        try OutputFile.flushDirectory(TemporaryName.parent(of: path))
        if isReplaced { try? FileManager.default.removeItem(atPath: aside) }
    }

    /// The error with the name that the user gave in place of the temporary one.
    private static func named(_ path: String, _ error: any Error, _ temporary: String) -> any Error {
        guard var error = error as? InputError, let file = error.file, file.hasPrefix(temporary) else { return error }
        error.file = path + file.dropFirst(temporary.count)
        return error
    }
}
