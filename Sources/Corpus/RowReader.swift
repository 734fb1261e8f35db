import Buffers

/// Reads JSON objects one after the other from bytes that nobody vouches for, and keeps the fields that rows are made
/// of.
struct RowReader {
    static let fields: Set<String> = ["text", "prompt", "completion", "input_ids", "labels"]
    private static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private(set) var position: Int
    private let end: Int
    /// The line on which `lineStart` begins, from 1; counted on only when it is asked for.
    private var line: Int
    private var lineStart: Int

    /// - Parameter line: the number of the line at `range`'s start, from 1.
    init(_ bytes: UnsafeRawBufferPointer, range: Range<Int>, line: Int = 1, file: String) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        self.file = file
        position = range.lowerBound
        end = range.upperBound
        self.line = line
        lineStart = range.lowerBound
    }

    /// The number of the line that the reader is on.
    mutating func currentLine() -> Int {
        for index in lineStart..<position where bytes[index] == UInt8(ascii: "\n") { line += 1 }
        lineStart = position
        return line
    }

    mutating func failure(_ message: String, remedy: String? = nil) -> InputError {
        InputError(.data, file: file, place: "line \(currentLine())", message, remedy: remedy)
    }

    /// Skips blanks; true where nothing follows them.
    mutating func isAtEnd() -> Bool {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
        return position == end
    }

    /// Takes one byte if it is the next after blanks.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard !isAtEnd(), bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Reads one object.
    mutating func row() throws -> [String: RowValue] {
        guard take("{") else { throw failure("is no JSON object", remedy: "every row is one object in braces") }
        var row: [String: RowValue] = [:]
        if take("}") { return row }
        repeat {
            let name = try key()
            guard Self.fields.contains(name) else {
                try skipValue(depth: 1)
                continue
            }
            guard row[name] == nil else { throw failure("the field \(name) stands there twice") }
            row[name] = try value()
        } while take(",")
        guard take("}") else { throw malformed() }
        return row
    }

    private mutating func key() throws -> String {
        guard !isAtEnd(), bytes[position] == UInt8(ascii: "\"") else { throw malformed() }
        let name = try string()
        guard take(":") else { throw malformed() }
        return name
    }

    private mutating func value() throws -> RowValue {
        guard !isAtEnd() else { throw malformed() }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "["): return try integers()
        case UInt8(ascii: "{"):
            try skipValue(depth: 1)
            return .other("an object")
        default:
            let start = position
            try skipValue(depth: 1)
            return .other(String(decoding: bytes[start..<min(position, start + 20)], as: UTF8.self))
        }
    }

    /// A list, which has to be one of whole numbers to be of use.
    private mutating func integers() throws -> RowValue {
        var numbers: [Int] = []
        let start = position
        position += 1
        if take("]") { return .integers([]) }
        repeat {
            guard !isAtEnd(), let number = integer() else {
                position = start
                try skipValue(depth: 1)
                return .other("a list of other things than whole numbers")
            }
            numbers.append(number)
        } while take(",")
        guard take("]") else {
            position = start
            try skipValue(depth: 1)
            return .other("a list of other things than whole numbers")
        }
        return .integers(numbers)
    }

    private mutating func integer() -> Int? {
        let isNegative = peek() == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let start = position
        var value = 0
        while let byte = peek(), byte >= 0x30, byte <= 0x39 {
            value = min(value * 10 + Int(byte - 0x30), 1 << 40)
            position += 1
        }
        return position > start ? (isNegative ? -value : value) : nil
    }

    /// Walks over any value; strict enough to find its end, no stricter.
    private mutating func skipValue(depth: Int) throws {
        guard depth < Self.maximumDepth else { throw failure("is nested more than \(Self.maximumDepth) deep") }
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
        } else if !isAtEnd(), bytes[position] == UInt8(ascii: "\"") {
            _ = try string()
        } else {
            try skipWord()
        }
    }

    private mutating func skipWord() throws {
        let start = position
        while let byte = peek(), !"\",:]}[{ \t\r\n".utf8.contains(byte) { position += 1 }
        let word = String(decoding: bytes[start..<min(position, start + 40)], as: UTF8.self)
        guard ["true", "false", "null"].contains(word) || Double(word) != nil else { throw malformed() }
    }

    func peek() -> UInt8? { position < end ? bytes[position] : nil }

    mutating func advance() { position += 1 }

    mutating func malformed() -> InputError {
        failure("is no valid JSON", remedy: "correct the line; a row is one object on one line")
    }

    /// The bytes from `start` up to the position.
    func slice(from start: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[start..<position]) }
}
