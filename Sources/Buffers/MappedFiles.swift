import Foundation
import Synchronization

/// Which addresses belong to which mapped file, so that a SIGBUS (the file shrank under us) ends in one clear line.
package enum MappedFiles {
    private struct Entry { var start: UInt; var end: UInt; var path: UnsafeMutablePointer<CChar> }
    // The handler must not lock or allocate: a fixed table of plain words, entries replaced under a lock and read
    // without.
    private static let capacity = 256
    private nonisolated(unsafe) static let table = {
        let table = UnsafeMutablePointer<Entry?>.allocate(capacity: capacity)
        table.initialize(repeating: nil, count: capacity)
        return table
    }()
    private static let lock = Mutex<Void>(())

    static func register(_ bytes: UnsafeRawBufferPointer, path: String) {
        let start = UInt(bitPattern: bytes.baseAddress)
        let entry = Entry(start: start, end: start + UInt(bytes.count), path: strdup(path))
        lock.withLock { _ in
            for slot in 0..<capacity where table[slot] == nil {
                table[slot] = entry
                return
            }
            free(entry.path)  // more than the table holds: such a map merely lacks the friendly message
        }
    }

    static func unregister(_ bytes: UnsafeRawBufferPointer) {
        let start = UInt(bitPattern: bytes.baseAddress)
        lock.withLock { _ in
            for slot in 0..<capacity where table[slot]?.start == start {
                if let path = table[slot]?.path { free(path) }
                table[slot] = nil
                return
            }
        }
    }

    /// Makes a SIGBUS inside a mapped file print the file's path and end the process with exit code 65.
    package static func installSignalHandler() {
        _ = table
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { _, info, _ in
            // Field offset 16 of siginfo_t on 64-bit Linux: si_addr. Only async-signal-safe calls from here on.
            let address = info.map { UnsafeRawPointer($0).load(fromByteOffset: 16, as: UInt.self) } ?? 0
            for slot in 0..<MappedFiles.capacity {
                guard let entry = MappedFiles.table[slot], address >= entry.start, address < entry.end else { continue }
                MappedFiles.say("swiftlet: error: ")
                _ = write(2, entry.path, strlen(entry.path))
                MappedFiles.say(": the file shrank while it was in use; restore it and run again\n")
                _exit(65)
            }
            MappedFiles.say("swiftlet: SIGBUS outside any mapped file\n")
            _exit(70)
        }
        action.sa_flags = SA_SIGINFO
        sigaction(SIGBUS, &action, nil)
    }

    private static func say(_ text: StaticString) { _ = write(2, text.utf8Start, text.utf8CodeUnitCount) }
}
