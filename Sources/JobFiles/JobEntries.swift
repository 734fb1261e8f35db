import Buffers

/// The keys that a job file and the command line give, under their own names, each with the last value given.
struct JobEntries {
    /// axolotl's way to give the batch: micro-batches that one rank takes for a step.
    static let accumulationKey = "gradient_accumulation_steps"

    private(set) var values: [String: Located] = [:]
    private(set) var notices: [String] = []

    private static let keys = Set(JobKey.all.map(\.name)).union([accumulationKey])
    private static let aliases = [String: JobAlias](JobAlias.all.map { ($0.name, $0) }) { first, _ in first }
    /// Keys whose values are tables of keys: `quantization`, and other programs' `optimizer`.
    private static let groups = Set(
        (JobKey.all.map(\.name) + JobAlias.all.map(\.name)).compactMap { name in
            name.firstIndex(of: ".").map { String(name[..<$0]) }
        })

    /// Takes over what one source gives; what an earlier source gave for the same key is replaced.
    mutating func merge(_ entries: [Located.Entry]) throws {
        var given: [String: (name: String, value: Located)] = [:]
        for entry in try Self.flattened(entries) {
            guard let alias = Self.aliases[entry.key] else {
                try Self.add(entry.value, named: entry.key, to: entry.key, at: entry.keyPlace, mayRepeat: false, &given)
                continue
            }
            guard let value = try alias.convert(entry.value) else { continue }
            try Self.add(
                value, named: alias.name, to: alias.canonical, at: entry.keyPlace, mayRepeat: alias.mayRepeat, &given)
            let place = entry.keyPlace.text.map { "\($0): " } ?? ""
            let written = JobAlias.all.first { $0.name == alias.name && $0.mayRepeat } == nil ? "" : ": \(value.found)"
            notices.append("\(place)\(alias.name) is taken as \(alias.canonical)\(written)")
        }
        for (key, item) in given { values[key] = item.value }
    }

    /// Replaces part of a list that an earlier source gave: `datasets.0.path`.
    mutating func replaceItem(_ path: [String], with value: Located) throws {
        guard let index = Int(path[1]), case .list(var items) = values[path[0]]?.value, items.indices.contains(index),
            case .table(var fields) = items[index].value
        else {
            throw value.place.error(
                "\(path[0]) has no item \(path[1])", remedy: "items are counted from 0; or give the whole list")
        }
        fields.removeAll { $0.key == path[2] }
        fields.append(Located.Entry(key: path[2], keyPlace: value.place, value: value))
        items[index].value = .table(fields)
        values[path[0]]?.value = .list(items)
    }

    /// Drops every key of a group: `quantization=null` goes back to the defaults.
    mutating func removeGroup(_ name: String) {
        values = values.filter { !$0.key.hasPrefix(name + ".") }
    }

    /// An option's `global_batch_size` replaces what the file said by way of accumulation.
    mutating func removeAccumulation() { values[Self.accumulationKey] = nil }

    static func isGroup(_ name: String) -> Bool { groups.contains(name) && !keys.contains(name) }

    private static func add(
        _ value: Located, named name: String, to key: String, at place: Place, mayRepeat: Bool,
        _ given: inout [String: (name: String, value: Located)]
    ) throws {
        if let earlier = given[key] {
            let repeats = mayRepeat || aliases[earlier.name]?.mayRepeat == true
            guard repeats else {
                throw place.error("\(name) and \(earlier.name) are the same key", remedy: "keep \(key)")
            }
            guard earlier.value.text == value.text else {
                throw place.error(
                    "\(name) and \(earlier.name) contradict each other", remedy: "keep \(key) and take the other out")
            }
            return
        }
        given[key] = (name, value)
    }

    private static func flattened(_ entries: [Located.Entry]) throws -> [Located.Entry] {
        try entries.flatMap { entry -> [Located.Entry] in
            if groups.contains(entry.key), case .table(let fields) = entry.value.value {
                return try fields.map { field in
                    var field = field
                    field.key = "\(entry.key).\(field.key)"
                    try check(field)
                    return field
                }
            }
            if isGroup(entry.key) {
                if entry.value.isNull { return [] }
                throw entry.value.mismatch(entry.key, allowed: "a table of keys")
            }
            try check(entry)
            return [entry]
        }
    }

    private static func check(_ entry: Located.Entry) throws {
        guard !keys.contains(entry.key), aliases[entry.key] == nil else { return }
        let known = JobKey.all.map(\.name)
        let last = entry.key.split(separator: ".").last.map(String.init) ?? entry.key
        // A key on the wrong floor: its own name is right.
        let elsewhere = known.first { $0 == last || $0.hasSuffix("." + last) }
        throw entry.keyPlace.error(
            "\(entry.key.prefix(100)) is no key of a job file",
            remedy: elsewhere.map { "did you mean \($0)?" } ?? NearestName.remedy(for: entry.key, among: known)
                ?? "swiftlet validate --help lists the keys")
    }
}
