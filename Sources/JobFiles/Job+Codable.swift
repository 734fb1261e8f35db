import Buffers

extension Job: Codable {
    /// Written as a job file with every key.
    package func encode(to encoder: any Encoder) throws {
        var table: [String: JobValue] = [:]
        for key in JobKey.all {
            let parts = key.name.split(separator: ".").map(String.init)
            guard parts.count == 2 else {
                table[key.name] = key.write(self)
                continue
            }
            var group: [String: JobValue] = [:]
            if case .table(let earlier) = table[parts[0]] { group = earlier }
            group[parts[1]] = key.write(self)
            table[parts[0]] = .table(group)
        }
        try JobValue.table(table).encode(to: encoder)
    }

    /// - Throws: `InputError` where a key has a value that it may not have; keys that are not known are passed over, so
    ///   that an older program can read what a newer one wrote.
    package init(from decoder: any Decoder) throws {
        self.init()
        guard case .table(let table) = try JobValue(from: decoder) else {
            throw InputError(.data, "a resolved job is no table of keys")
        }
        let place = Place(file: nil, text: "resolved job", directory: "")
        for key in JobKey.all {
            let parts = key.name.split(separator: ".").map(String.init)
            var value = table[parts[0]]
            if parts.count == 2 {
                guard case .table(let group) = value else { continue }
                value = group[parts[1]]
            }
            if let value { try key.read(Located(value, place: place), &self) }
        }
        notices = []
    }
}
