import Buffers
import Foundation

/// Keeps what was measured, a small file a host and instruction set, so that a start need not measure again.
///
/// It cannot fail: a file that is missing, damaged or of another machine is measured anew, and where none can be
/// written, every start measures.
package struct ProbeCache: Sendable {
    /// nil: nothing is kept.
    package let directory: String?

    /// - Parameter directory: where the files lie; made when the first is written.
    package init(directory: String?) { self.directory = directory }

    /// `$XDG_CACHE_HOME/swiftlet`, or `~/.cache/swiftlet`.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func place(_ variable: String) -> String? { environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        directory = place("XDG_CACHE_HOME").map { $0 + "/swiftlet" } ?? place("HOME").map { $0 + "/.cache/swiftlet" }
    }

    /// What was found for an instruction set.
    package struct Finding: Sendable {
        package let probe: MachineProbe
        /// The file that it was read from; nil: it was measured now.
        package let file: String?
    }

    /// The probe of this machine: the kept one, or one that is measured and kept.
    ///
    /// - Parameter anew: measure, thoroughly, whatever is kept.
    /// - Throws: `InputError` where there is no memory for a thread.
    package func probe(of instructionSet: InstructionSet, anew: Bool = false) throws -> Finding {
        let key = Key(instructionSet: instructionSet)
        let path = directory.map { "\($0)/\(key.fileName)" }
        if !anew, let path, let kept = Self.read(path), kept.key == key,
            kept.probe.fits(try KernelContext(threads: 1, instructionSet: instructionSet))
        {
            return Finding(probe: kept.probe, file: path)
        }
        let probe = try MachineProbe(measuring: instructionSet, effort: anew ? .thorough : .brief)
        if let path { Self.write(Content(key: key, probe: probe), to: path) }
        return Finding(probe: probe, file: nil)
    }

    // What a probe is valid for

    struct Key: Codable, Equatable {
        var host = ProcessInfo.processInfo.hostName
        var cpu = CPUName.text
        var instructionSet: InstructionSet
        var version = Version.text

        var fileName: String {
            let safe = host.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
            return "probe-\(safe)-\(instructionSet.rawValue).json"
        }
    }

    struct Content: Codable {
        let key: Key
        let probe: MachineProbe
    }

    // A file of a few hundred bytes, which anyone may have written

    private static let largestFile: off_t = 1 << 16

    private static func read(_ path: String) -> Content? {
        // A pipe in its place must not hold the start up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_mode & S_IFMT == S_IFREG, state.st_size <= largestFile,
            let data = try? file.read(upToCount: Int(largestFile))
        else { return nil }
        return try? JSONDecoder().decode(Content.self, from: data)
    }

    /// Replaces the file in one step: readers see the old one or the new one.
    private static func write(_ content: Content, to path: String) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(content) else { return }
        let temporary = TemporaryName.beside(path)
        do {
            try FileManager.default.createDirectory(
                atPath: TemporaryName.parent(of: path), withIntermediateDirectories: true)
            try data.write(to: URL(fileURLWithPath: temporary), options: .withoutOverwriting)
        } catch {
            unlink(temporary)
            return
        }
        if rename(temporary, path) != 0 { unlink(temporary) }
    }
}
