import Foundation

/// The limits that this process shares with others of its control group: those of a container, or of a scheduler's
/// job.
///
/// A limit holds for all groups below the one that has it, so that each is the least on the way to the top. The formats
/// are those of cgroups(7), of version 1 and 2, and of proc_pid_mountinfo(5).
package struct ControlGroup: Sendable {
    private let memory: [Level]
    private let processor: [Level]

    /// A directory of a hierarchy.
    private struct Level {
        let path: String
        let isUnified: Bool
    }

    /// - Parameter root: what stands before all paths.
    package init(root: String = "") {
        let mounts = Self.mounts(SystemFile.text(root + "/proc/self/mountinfo") ?? "")
        let lines = (SystemFile.text(root + "/proc/self/cgroup") ?? "").split(separator: "\n")
        var memory: [Level] = []
        var processor: [Level] = []
        for line in lines {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",").map(String.init)
            for mount in mounts where mount.holds(controllers) {
                let levels = mount.directories(to: String(fields[2])).map {
                    Level(path: root + $0, isUnified: mount.isUnified)
                }
                if mount.isUnified || controllers.contains("memory") { memory += levels }
                if mount.isUnified || controllers.contains("cpu") { processor += levels }
            }
        }
        self.memory = memory
        self.processor = processor
    }

    /// Bytes that processes of the group may still take; what it holds of files can be given back. Nil: no limit.
    package var availableBytes: Int? { memory.compactMap(Self.availableBytes).min() }

    /// Cores whose time the group may use. Nil: no limit.
    package var cores: Double? { processor.compactMap(Self.cores).min() }

    private static func availableBytes(_ level: Level) -> Int? {
        let names = level.isUnified ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
        guard let limit = names.compactMap({ number(level, $0) }).min(),
            let used = number(level, level.isUnified ? "memory.current" : "memory.usage_in_bytes")
        else { return nil }
        let parts = level.isUnified ? ("file", "shmem") : ("total_cache", "total_shmem")
        let statistics = statistics(level)
        // Shared memory is counted among the files, but cannot be given back.
        let files = max(0, (statistics[parts.0] ?? 0) - (statistics[parts.1] ?? 0))
        return max(0, limit - max(0, used - files))
    }

    private static func cores(_ level: Level) -> Double? {
        let (quota, period): (Int?, Int?)
        if level.isUnified {
            let fields = words(level, "cpu.max")
            (quota, period) = (fields.first.flatMap { Int($0) }, fields.dropFirst().first.flatMap { Int($0) })
        } else {
            (quota, period) = (number(level, "cpu.cfs_quota_us"), number(level, "cpu.cfs_period_us"))
        }
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return Double(quota) / Double(period)
    }

    /// Nil for `max` and where there is no such file.
    private static func number(_ level: Level, _ name: String) -> Int? { words(level, name).first.flatMap { Int($0) } }

    private static func words(_ level: Level, _ name: String) -> [Substring] {
        (SystemFile.text(level.path + "/" + name) ?? "").split(whereSeparator: \.isWhitespace)
    }

    private static func statistics(_ level: Level) -> [String: Int] {
        var result: [String: Int] = [:]
        for line in (SystemFile.text(level.path + "/memory.stat") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, let value = Int(fields[1]) { result[String(fields[0])] = value }
        }
        return result
    }

    /// Where a hierarchy, or a part of it, can be seen.
    private struct Mount {
        let isUnified: Bool
        /// Controllers of a hierarchy of version 1.
        let options: [String]
        /// The group that lies at `point`.
        let group: String
        let point: String

        /// A line of version 2 in /proc/self/cgroup names no controllers.
        func holds(_ controllers: [String]) -> Bool {
            isUnified ? controllers.isEmpty : !controllers.isEmpty && controllers.allSatisfy(options.contains)
        }

        /// From the top that is seen here to the group; that top alone where the group lies elsewhere.
        func directories(to path: String) -> [String] {
            let names = path.split(separator: "/")
            let above = group.split(separator: "/")
            guard names.starts(with: above), !names.contains("..") else { return [point] }
            return names.dropFirst(above.count).reduce(into: [point]) { $0.append("\($0[$0.count - 1])/\($1)") }
        }
    }

    private static func mounts(_ text: String) -> [Mount] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
            let type = fields[dash + 1]
            guard type == "cgroup" || type == "cgroup2" else { return nil }
            return Mount(
                isUnified: type == "cgroup2", options: fields[dash + 3].split(separator: ",").map(String.init),
                group: unescaped(fields[3]), point: unescaped(fields[4]))
        }
    }

    /// A blank in a path is written as `\040`.
    private static func unescaped(_ field: Substring) -> String { field.replacingOccurrences(of: "\\040", with: " ") }
}
