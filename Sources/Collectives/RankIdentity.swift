import Foundation

/// Where a rank runs, as messages name it.
package struct RankIdentity: Equatable, Sendable {
    package let rank: Int
    package let host: String
    package let process: Int

    package init(rank: Int, host: String, process: Int) {
        self.rank = rank
        self.host = host
        self.process = process
    }

    /// This process.
    init(ownRank: Int) {
        self.init(rank: ownRank, host: Self.ownHost, process: Int(getpid()))
    }

    /// The name of this process's host.
    package static var ownHost: String { ProcessInfo.processInfo.hostName() }

    /// What another rank makes an identity of: `init(rank:bytes:)`.
    var bytes: [UInt8] { Array("\(process) \(host)".utf8) }

    init(rank: Int, bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
        self.init(
            rank: rank, host: parts.count == 2 ? String(parts[1]) : "?", process: parts.first.flatMap { Int($0) } ?? 0)
    }
}

extension ProcessInfo {
    /// The name that `hostname` prints; `hostName` would ask the network for one.
    fileprivate func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "?" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
