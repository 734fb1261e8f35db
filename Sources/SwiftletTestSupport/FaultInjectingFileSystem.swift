internal import Buffers
package import Checkpoints
internal import Foundation
internal import Synchronization

/// A file system that fails where a test tells it to.
///
/// A crash is modelled as a dying machine: the operation is half done, all later ones fail, and files that were written
/// but not synced lose the second half of their bytes.
package final class FaultInjectingFileSystem: FileSystem {
    /// What goes wrong.
    package enum Fault: Sendable, Equatable {
        case none
        /// The machine dies at the operation of this number, from 0.
        case crash(atOperation: Int)
        /// ENOSPC once this many bytes are written.
        case diskFull(afterBytes: Int)
        /// EIO at the sync of this number, of files and directories alike, from 0.
        case failedSync(number: Int)
        /// EACCES for all new files and directories whose path contains this text.
        case denied(containing: String)
    }

    /// Thrown by every operation from the crash on.
    package struct Crash: Error {}

    private struct State {
        var operations = 0
        var syncs = 0
        var bytes = 0
        var isDead = false
        /// Files that were written since their last sync.
        var unsynced: Set<String> = []
        var syncCounts: [String: Int] = [:]
    }

    private let fault: Fault
    private let disk = LocalFileSystem()
    private let state = Mutex(State())

    package init(_ fault: Fault) { self.fault = fault }

    /// How many operations were asked for so far.
    package var operationCount: Int { state.withLock { $0.operations } }
    /// How many of them were syncs.
    package var syncCount: Int { state.withLock { $0.syncs } }
    /// How often each path was synced.
    package var syncCounts: [String: Int] { state.withLock { $0.syncCounts } }

    package func create(_ path: String) throws -> any WritableFile {
        try begin()
        try checkRights(path)
        return FaultInjectingFile(path: path, file: try disk.create(path), fileSystem: self)
    }

    package func open(_ path: String) throws -> any WritableFile {
        try begin()
        return FaultInjectingFile(path: path, file: try disk.open(path), fileSystem: self)
    }

    package func createDirectory(_ path: String) throws {
        try begin()
        try checkRights(path)
        try disk.createDirectory(path)
    }

    package func rename(_ path: String, to target: String) throws {
        try begin()
        try disk.rename(path, to: target)
        state.withLock { state in
            state.unsynced = Set(
                state.unsynced.map { file in
                    file == path || file.hasPrefix(path + "/") ? target + file.dropFirst(path.count) : file
                })
        }
    }

    package func removeFile(_ path: String) throws {
        try begin()
        try disk.removeFile(path)
        state.withLock { _ = $0.unsynced.remove(path) }
    }

    package func removeDirectory(_ path: String) throws {
        try begin()
        try disk.removeDirectory(path)
    }

    package func synchronizeDirectory(_ path: String) throws {
        try begin()
        try countSync(path)
        try disk.synchronizeDirectory(path)
    }

    private func checkRights(_ path: String) throws {
        guard case .denied(let text) = fault, path.contains(text) else { return }
        throw InputError.notWritten(path, EACCES, doing: "be created")
    }
}

extension FaultInjectingFileSystem {
    /// Counts an operation; where the machine dies at it, does `half` of it and loses what was not synced.
    func begin(half: () throws -> Void = {}) throws {
        let isDying = try state.withLock { state in
            if state.isDead { throw Crash() }
            defer { state.operations += 1 }
            state.isDead = fault == .crash(atOperation: state.operations)
            return state.isDead
        }
        guard isDying else { return }
        try half()
        for path in state.withLock({ $0.unsynced }) { truncate(path, Int(Self.byteCount(of: path) / 2)) }
        throw Crash()
    }

    /// Says how many of `count` bytes still find room, and that the file now holds what is not synced.
    func willWrite(_ count: Int, to path: String) -> Int {
        state.withLock { state in
            state.unsynced.insert(path)
            defer { state.bytes += count }
            guard case .diskFull(let limit) = fault else { return count }
            return max(0, min(count, limit - state.bytes))
        }
    }

    /// Counts a sync, which fails where the test wants it to.
    func countSync(_ path: String) throws {
        let number = state.withLock { state in
            state.syncCounts[path, default: 0] += 1
            defer { state.syncs += 1 }
            return state.syncs
        }
        if fault == .failedSync(number: number) { throw InputError.notWritten(path, EIO, doing: "be synced") }
    }

    func didSync(_ path: String) { state.withLock { _ = $0.unsynced.remove(path) } }

    private static func byteCount(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
