import Buffers
import Foundation

/// How many threads a rank may use.
package enum HostThreads {
    /// The cores that the launcher bound this process to; else the host's, shared among the ranks on it. No more
    /// than a container or a scheduler's job gives its processes the time of.
    package static func share(ranksOnHost: Int) -> Int {
        share(
            ranksOnHost: ranksOnHost, bound: ProcessInfo.processInfo.activeProcessorCount,
            all: sysconf(Int32(_SC_NPROCESSORS_ONLN)), granted: ControlGroup().cores)
    }

    /// - Parameters:
    ///   - bound: cores that the process is bound to, or all.
    ///   - all: the host's.
    ///   - granted: cores whose time a control group gives to all of its processes; nil: no limit.
    package static func share(ranksOnHost: Int, bound: Int, all: Int, granted: Double?) -> Int {
        let ranks = max(1, ranksOnHost)
        let cores = bound < all ? bound : all / ranks
        let affordable = granted.map { Int($0) / ranks } ?? cores
        return max(1, min(cores, affordable))
    }

    /// Cores that this process can use, were it alone.
    package static var usable: Int { share(ranksOnHost: 1) }
}
