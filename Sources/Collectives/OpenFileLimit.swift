import Foundation

/// How many files and connections this process may have open.
///
/// Ranks of a large run have several connections to each other one, and the coordinator one more for heartbeats: more
/// than the 1,024 that many systems allow a process until it asks for what it may have.
enum OpenFileLimit {
    /// Raises it as far as the system lets a process.
    static func raise() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
    }
}
