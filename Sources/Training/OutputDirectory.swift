import Buffers
import Collectives
import Execution
import Foundation

/// Where a run writes; every rank writes its parts of checkpoints there.
enum OutputDirectory {
    private static let remedy = "set output_dir to a directory that you may write to"

    /// Makes the directory, and checks that the coordinator may write there and all ranks see it; all ranks call it.
    /// - Throws: `InputError` of kind `.output`.
    static func make(_ path: String, communicator: any Communicator) throws {
        try communicator.agree { if communicator.isCoordinator { try make(path) } }
        guard communicator.nodeCount > 1 else { return }
        let mark = try communicator.fromCoordinator { path + "/.swiftlet-\(TemporaryName.unique())" }
        defer { if communicator.isCoordinator { unlink(mark) } }
        try communicator.agree {
            guard communicator.isCoordinator else { return }
            let descriptor = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw InputError(.output, file: path, "is not writable", remedy: remedy) }
            close(descriptor)
        }
        try communicator.agree {
            guard access(mark, F_OK) != 0 else { return }
            throw InputError(
                .output, file: path, "is not the directory that the coordinator writes to",
                remedy: "set output_dir to a directory that all nodes share")
        }
    }

    private static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw InputError(.output, file: path, "cannot be created", remedy: remedy)
        }
        guard access(path, W_OK) == 0 else {
            throw InputError(.output, file: path, "is not writable", remedy: remedy)
        }
    }
}
