import Foundation

/// How many threads a rank may use.
package enum HostThreads {
    /// The cores that the launcher bound this process to; else the host's, shared among the ranks of the node.
    package static func share(ranksOnNode: Int) -> Int {
        let bound = ProcessInfo.processInfo.activeProcessorCount
        let all = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return bound < all ? bound : max(1, all / max(1, ranksOnNode))
    }
}
