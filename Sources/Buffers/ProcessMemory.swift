import Foundation

/// What this process holds in memory, as the kernel counts it.
package final class ProcessMemory {
    /// Highest resident size so far, mapped files included (VmHWM).
    package var peakResidentBytes: Int { Self.read("VmHWM:") }
    /// Highest anonymous resident size that a sample saw (RssAnon); the kernel keeps no high-water mark of it.
    package private(set) var anonymousPeakBytes = 0

    package init() { sample() }

    /// Takes the present anonymous size into account.
    package func sample() { anonymousPeakBytes = max(anonymousPeakBytes, Self.read("RssAnon:")) }

    /// Bytes that could be taken without swapping: of the host (MemAvailable), and within what a container or a
    /// scheduler's job may take.
    package static var availableBytes: Int {
        min(read("MemAvailable:", from: "/proc/meminfo"), ControlGroup().availableBytes ?? .max)
    }

    /// The number of a line of the form `VmHWM:     1234 kB`, in bytes; 0 where it is missing.
    private static func read(_ key: String, from path: String = "/proc/self/status") -> Int {
        guard let text = SystemFile.text(path),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
            let digits = line.dropFirst(key.count).split(whereSeparator: \.isWhitespace).first,
            let kilobytes = Int(digits)
        else { return 0 }
        return kilobytes * 1024
    }
}
