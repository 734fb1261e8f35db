import Buffers
import Checkpoints
import Foundation

/// The lines of a generation over many prompts, in the order of the prompts, written as they come.
///
/// A run that finds lines goes on behind them, if they were made from the same prompts with the same settings. A line
/// is there whole or not at all: one that was cut off by a crash is made anew.
package final class GenerationFile {
    package let path: String
    /// Lines that are in the file.
    package private(set) var lineCount = 0
    private let descriptor: Int32
    private var byteCount = 0

    private static let remedy = "name another --output, or remove the file"

    /// Opens or makes the file, and checks the lines that it has.
    /// - Parameter keys: of all prompts, in order.
    /// - Throws: `InputError` where the file has lines of something else, another run writes to it, or it cannot be
    ///   written.
    package init(path: String, keys: [String]) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw InputError.notWritten(path, errno, doing: "be opened for writing") }
        // A file system that knows no locks cannot tell of another run; that is no reason to refuse this one.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw InputError(.output, file: path, "is being written by another run", remedy: "wait for it to end")
        }
        try checkLines(keys)
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else {
            throw InputError.notWritten(path, errno, doing: "be cut behind its last whole line")
        }
    }

    deinit { close(descriptor) }

    private func checkLines(_ keys: [String]) throws {
        let map = try MemoryMap(path: path)
        try map.withBytes { bytes in
            var start = 0
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try check(Data(bytes[start..<end]), keys)
                lineCount += 1
                start = end + 1
            }
            byteCount = start
        }
    }

    private func check(_ line: Data, _ keys: [String]) throws {
        let place = "line \(lineCount + 1)"
        guard let found = try? JSONDecoder().decode(GenerationLine.self, from: line), found.row == lineCount else {
            throw InputError(
                .usage, file: path, place: place, "is no line of an earlier run of this command", remedy: Self.remedy)
        }
        guard lineCount < keys.count, found.key == keys[lineCount] else {
            throw InputError(
                .usage, file: path, place: place,
                "was made from another prompt, with another model or with other settings", remedy: Self.remedy)
        }
    }

    /// Writes the next lines, all of them or none.
    /// - Throws: `InputError` of kind `.output`.
    package func append(_ lines: [GenerationLine]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = Data()
        for line in lines {
            text.append(try encoder.encode(line))
            text.append(UInt8(ascii: "\n"))
        }
        var done = 0
        while done < text.count {
            let written = text.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(byteCount + done))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let code = written < 0 ? errno : EIO
                _ = ftruncate(descriptor, off_t(byteCount))
                throw InputError.notWritten(path, code, doing: "be written")
            }
            done += written
        }
        byteCount += text.count
        lineCount += lines.count
    }

    /// Brings the lines to the disk.
    package func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw InputError.notWritten(path, errno, doing: "be synced") }
    }
}
