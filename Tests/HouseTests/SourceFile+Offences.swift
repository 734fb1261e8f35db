extension SourceFile {
    /// What the file imports against the table, one line each: file, line, remedy.
    var importOffences: [String] {
        guard let room = House.room(named: target) else {
            return ["\(path):1: the target \(target) has no row in the table of floors; give it one"]
        }
        return imports.compactMap { mention in
            let name = mention.name
            if House.free.contains(name) || room.mayImport.contains(name) { return nil }
            let place = "\(path):\(mention.line)"
            guard let imported = House.room(named: name) else {
                return "\(place): \(target) imports \(name), a library that its row does not name"
            }
            if let sole = House.soleImporters[name] {
                return "\(place): \(target) imports \(name), whose one importer is \(sole); go through \(sole)"
            }
            if imported.floor >= room.floor {
                return
                    "\(place): \(target) (floor \(room.floor)) imports \(name) (floor \(imported.floor)); imports run "
                    + "downwards only"
            }
            return "\(place): \(target) imports \(name), which its row does not name"
        }
    }

    /// The system headers that the file includes outside their home.
    var includeOffences: [String] {
        includes.compactMap { mention in
            guard let home = House.headerHomes[mention.name], home != target else { return nil }
            return "\(path):\(mention.line): \(target) includes \(mention.name), which only \(home) may"
        }
    }

    /// The limits of length that the file breaks.
    var sizeOffences: [String] {
        let tooLong =
            lines.count > House.longestFile
            ? ["\(path):\(House.longestFile + 1): \(lines.count) lines; at most \(House.longestFile), so cut it in two"]
            : []
        let tooWide = lines.enumerated().compactMap { index, line -> String? in
            guard line.utf8.count > House.widestLine, line.count > House.widestLine else { return nil }
            return "\(path):\(index + 1): \(line.count) columns; at most \(House.widestLine)"
        }
        return tooLong + tooWide
    }
}
