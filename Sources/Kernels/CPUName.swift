import Buffers
import Foundation

/// What the system calls this CPU.
package enum CPUName {
    /// "unknown" where the system does not say.
    package static var text: String {
        let lines = (SystemFile.text("/proc/cpuinfo") ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }
}
