import Foundation
import Synchronization

/// Names for what is not finished: beside the target, hidden, unlike those of any other process.
package enum TemporaryName {
    private static let counter = Atomic<Int>(0)

    /// `.NAME.tmp-HOST-PID-N` in the directory of `path`.
    package static func beside(_ path: String) -> String {
        parent(of: path) + "/" + prefix(path) + unique()
    }

    /// `HOST-PID-N`: no two calls on any host give the same while the host's name and process numbers differ.
    package static func unique() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(host)-\(getpid())-\(number)"
    }

    /// The unfinished files for `path` that processes of this host left when they died.
    package static func stale(beside path: String) -> [String] {
        let prefix = prefix(path) + host + "-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent(of: path))) ?? []
        return names.sorted().filter { name in
            guard name.hasPrefix(prefix), let text = name.dropFirst(prefix.count).split(separator: "-").first,
                let process = pid_t(text), process > 0
            else { return false }
            return kill(process, 0) != 0 && errno == ESRCH
        }.map { parent(of: path) + "/" + $0 }
    }

    /// The directory that holds `path`.
    package static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    private static func prefix(_ path: String) -> String { ".\((path as NSString).lastPathComponent).tmp-" }

    private static var host: String {
        ProcessInfo.processInfo.hostName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") }
    }
}
