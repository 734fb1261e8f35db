import Buffers

extension RowReader {
    /// Reads any value, and keeps all of it.
    mutating func value(depth: Int) throws -> RowValue {
        guard depth < Self.maximumDepth else { throw tooDeep() }
        guard valuesLeft > 0 else {
            throw failure("holds more than \(Self.maximumValueCount) values", remedy: "make several rows of it")
        }
        valuesLeft -= 1
        if isNext("\"") { return .text(try string()) }
        if take("{") { return .object(try members(depth: depth)) }
        if take("[") { return .list(try elements(depth: depth)) }
        let start = position
        try skipWord()
        let word = String(decoding: slice(from: start), as: UTF8.self)
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            guard Self.isNumber(word) else { throw malformed() }
            return .number(word)
        }
    }

    /// Whether a word is a number as JSON has it, which `Double` does not ask for: it is written out again.
    private static func isNumber(_ word: String) -> Bool {
        var rest = Substring(word).utf8[...]
        func take(_ wanted: String) -> Bool {
            guard let byte = rest.first, wanted.utf8.contains(byte) else { return false }
            rest.removeFirst()
            return true
        }
        func digits() -> Bool {
            let count = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
            rest.removeFirst(count)
            return count > 0
        }
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        if take("eE") {
            _ = take("+-")
            guard digits() else { return false }
        }
        return rest.isEmpty
    }

    private mutating func members(depth: Int) throws -> [RowValue.Member] {
        var members: [RowValue.Member] = []
        if take("}") { return members }
        repeat {
            let name = try key()
            members.append(RowValue.Member(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw malformed() }
        try checkUnique(members)
        return members
    }

    private mutating func checkUnique(_ members: [RowValue.Member]) throws {
        var seen = Set<String>(minimumCapacity: members.count)
        for member in members {
            guard seen.insert(member.name).inserted else {
                throw failure("the field \(member.name.prefix(100)) stands there twice")
            }
        }
    }

    private mutating func elements(depth: Int) throws -> [RowValue] {
        var values: [RowValue] = []
        if take("]") { return values }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw malformed() }
        return values
    }

    /// Walks over any value; strict enough to find its end, no stricter.
    mutating func skipValue(depth: Int) throws {
        guard depth < Self.maximumDepth else { throw tooDeep() }
        if take("{") {
            if take("}") { return }
            repeat {
                _ = try key()
                try skipValue(depth: depth + 1)
            } while take(",")
            guard take("}") else { throw malformed() }
        } else if take("[") {
            if take("]") { return }
            repeat { try skipValue(depth: depth + 1) } while take(",")
            guard take("]") else { throw malformed() }
        } else if isNext("\"") {
            _ = try string()
        } else {
            try skipWord()
        }
    }

    private mutating func skipWord() throws {
        guard !isAtEnd() else { throw malformed() }
        let start = position
        while let byte = peek(), !"\",:]}[{ \t\r\n".utf8.contains(byte) { advance() }
        let word = String(decoding: slice(from: start), as: UTF8.self)
        guard word.utf8.count <= 400, ["true", "false", "null"].contains(word) || Double(word) != nil
        else { throw malformed() }
    }

    private mutating func tooDeep() -> InputError { failure("is nested more than \(Self.maximumDepth) deep") }
}
