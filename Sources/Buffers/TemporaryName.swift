internal import Foundation
internal import Synchronization

/// Names for what is not finished: beside the target, hidden, unlike those of any other process.
enum TemporaryName {
    private static let counter = Atomic<Int>(0)

    /// `.NAME.tmp-HOST-PID-N` in the directory of `path`.
    static func beside(_ path: String) -> String {
        Paths.parent(of: path) + "/" + prefix(Paths.name(of: path)) + unique()
    }

    /// `HOST-PID-N`: no two calls on any host give the same while the host's name and process numbers differ.
    static func unique() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(host)-\(getpid())-\(number)"
    }

    /// The unfinished files for `path` that processes of this host left when they died.
    static func stale(beside path: String) throws -> [String] {
        let prefix = prefix(Paths.name(of: path)) + host + "-"
        return try Paths.names(in: Paths.parent(of: path)).filter { name in
            guard name.hasPrefix(prefix), let text = name.dropFirst(prefix.count).split(separator: "-").first,
                let process = pid_t(text), process > 0
            else { return false }
            return kill(process, 0) != 0 && errno == ESRCH
        }.map { Paths.parent(of: path) + "/" + $0 }
    }

    private static func prefix(_ name: String) -> String { ".\(name).tmp-" }

    private static var host: String {
        ProcessInfo.processInfo.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") }
    }
}
