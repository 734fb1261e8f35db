import Buffers
import Foundation
import Yams

/// A YAML text as a tree of values that remember their places.
enum JobDocument {
    /// Job files are short; a longer file is a mistake.
    static let maximumByteCount = 1 << 20
    private static let maximumDepth = 32

    /// A place in a text, both numbers from 1.
    struct Position {
        var line: Int
        var column: Int
    }

    /// The tree of a job file.
    static func read(_ path: String) throws -> Located {
        let text = try contents(of: path)
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
        let root = Place(file: path, text: nil, directory: directory)
        guard let tree = try parse(text, root: root) else {
            throw root.error("is empty", remedy: "a job needs at least base_model and datasets")
        }
        return tree
    }

    /// The tree of the value of one `--set` option, every place of which is the option.
    static func parse(optionValue text: String, place: Place) throws -> Located {
        try parse(text, root: place) ?? Located(value: .scalar("", quoted: false), place: place)
    }

    private static func contents(of path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw InputError.notOpened(.usage, path, errno)
        }
        defer { try? handle.close() }
        var data = Data()
        do {
            while data.count <= maximumByteCount, let more = try handle.read(upToCount: maximumByteCount + 1),
                !more.isEmpty
            {
                data += more
            }
        } catch {
            throw InputError(.usage, file: path, "cannot be read", remedy: "give a job file, not a directory")
        }
        guard data.count <= maximumByteCount else {
            throw InputError(.usage, file: path, "is longer than \(maximumByteCount) bytes, so it is no job file")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw InputError(.usage, file: path, "is not UTF-8 text", remedy: "give a job file in YAML or JSON")
        }
        return text
    }

    /// The tree, or nil where there is nothing but blanks and comments. Each value's place is `root` plus its line and
    /// column, unless `root` has a text of its own.
    private static func parse(_ text: String, root: Place) throws -> Located? {
        let marks = root.text == nil
        func place(_ position: Position?) -> Place {
            var place = root
            if marks, let position { place.text = "line \(position.line), column \(position.column)" }
            return place
        }
        // Aliases multiply: ten lines of them can stand for billions of values, and the parser compares keys.
        if let alias = firstAlias(in: text) {
            throw place(alias).error("YAML aliases (*name) are not taken here", remedy: "write the value out")
        }
        do {
            let node = try Yams.compose(yaml: text, .default, .default, .utf8)
            return try node.map { try tree($0, depth: 0, place: place) }
        } catch let error as YamlError {
            throw inputError(error, text: text, place: place)
        }
    }

    private static func tree(_ node: Node, depth: Int, place: (Position?) -> Place) throws -> Located {
        let here = place(Position(node.mark))
        guard depth <= maximumDepth else { throw here.error("is nested more than \(maximumDepth) deep") }
        switch node {
        case .scalar(let scalar):
            let quoted = ![.any, .plain].contains(scalar.style)
            return Located(value: .scalar(scalar.string, quoted: quoted), place: here)
        case .sequence(let items):
            return Located(value: .list(try items.map { try tree($0, depth: depth + 1, place: place) }), place: here)
        case .mapping(let pairs):
            let entries = try pairs.map { key, value in
                guard case .scalar(let name) = key else {
                    throw place(Position(key.mark)).error("a key must be a name")
                }
                return Located.Entry(
                    key: name.string, keyPlace: place(Position(key.mark)),
                    value: try tree(value, depth: depth + 1, place: place))
            }
            return Located(value: .table(entries), place: here)
        case .alias:
            throw here.error("YAML aliases (*name) are not taken here", remedy: "write the value out")
        }
    }

    private static func inputError(_ error: YamlError, text: String, place: (Position?) -> Place) -> InputError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let isDeep = problem.hasPrefix("Maximum nesting level")
            return place(Position(mark)).error(isDeep ? "is nested too deep" : "is not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            return place(Position(context.mark)).error(
                "\(names.first ?? "a key") is given more than once", remedy: "keep one of them")
        case .reader(let problem, let offset, _, _):
            let line = text.prefix(offset ?? 0).count { $0.isNewline } + 1
            return place(Position(line: line, column: 1)).error("is not valid YAML: \(problem)")
        case .memory:
            return place(nil).error("needs more memory than there is")
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return place(nil).error("is not valid YAML")
        }
    }

    /// Where the first alias stands: a `*` with a name behind it, where a value or a key may begin.
    static func firstAlias(in text: String) -> Position? {
        for (line, content) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var before: Character?
            var adjacent: Character = " "
            var quote: Character?
            let characters = Array(content)
            for (column, character) in characters.enumerated() {
                let begins =
                    before == nil || "[{,:".contains(before ?? " ") || "-?".contains(before ?? " ") && adjacent == " "
                if let open = quote {
                    if character == open { quote = nil }
                } else if character == "#", column == 0 || adjacent == " " {
                    break
                } else if begins, character == "\"" || character == "'" {
                    quote = character
                } else if begins, character == "*", column + 1 < characters.count, !characters[column + 1].isWhitespace
                {
                    return Position(line: line + 1, column: column + 1)
                }
                adjacent = character
                if !character.isWhitespace { before = character }
            }
        }
        return nil
    }
}

extension JobDocument.Position {
    fileprivate init?(_ mark: Mark?) {
        guard let mark else { return nil }
        self.init(line: mark.line, column: mark.column)
    }
}
