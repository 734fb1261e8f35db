import Foundation
import Synchronization

/// What this process has held in memory, as the kernel tells it; zeros where there is no /proc.
package final class ProcessMemory: Sendable {
    private let anonymousPeak = Mutex(0)

    package init() {}

    package struct Sample: Equatable, Sendable {
        /// VmHWM: the most that was resident at any time, mapped files included.
        package var peakResidentBytes: Int
        /// The most of RssAnon that any sample of this object saw: what the process holds besides mapped files. The kernel
        /// keeps no peak of it, so take a sample where memory is fullest.
        package var anonymousPeakBytes: Int
    }

    package func sample() -> Sample {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let anonymous = Self.bytes("RssAnon", in: status)
        let peak = anonymousPeak.withLock { highest in
            highest = max(highest, anonymous)
            return highest
        }
        return Sample(peakResidentBytes: Self.bytes("VmHWM", in: status), anonymousPeakBytes: peak)
    }

    /// The value of a line such as `VmHWM:   1234 kB` of /proc/PID/status; 0 where it is not there.
    package static func bytes(_ field: String, in status: String) -> Int {
        for line in status.split(separator: "\n") where line.hasPrefix(field + ":") {
            let digits = line.dropFirst(field.count + 1).filter(\.isNumber)
            return (Int(digits) ?? 0) * 1024
        }
        return 0
    }
}
