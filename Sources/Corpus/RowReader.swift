import Buffers

/// Reads JSON objects one after the other from bytes that nobody vouches for, and keeps the fields that rows are made
/// of.
struct RowReader {
    /// Fields of ids: their lists are kept compact.
    private static let idFields: Set<String> = ["input_ids", "labels"]
    private static let fields: Set<String> = idFields.union([
        "text", "prompt", "completion", "instruction", "input", "output", "system", "history", "conversations",
        "messages",
        "tools", "question", "choices", "answer",
    ])
    static let maximumDepth = 64
    /// What the fields of one row may hold, so that a small file cannot ask for much memory.
    static let maximumValueCount = 1 << 20

    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private(set) var position: Int
    private let end: Int
    /// The line on which `lineStart` begins, from 1; counted on only when it is asked for.
    private var line: Int
    private var lineStart: Int
    /// Values that the row may still hold.
    var valuesLeft = maximumValueCount

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
        guard isNext(character) else { return false }
        position += 1
        return true
    }

    /// Whether a byte is the next after blanks.
    mutating func isNext(_ character: Unicode.Scalar) -> Bool {
        !isAtEnd() && bytes[position] == UInt8(ascii: character)
    }

    /// Reads one object.
    mutating func row() throws -> Row {
        guard isNext("{") else { throw failure("is no JSON object", remedy: "every row is one object in braces") }
        let line = currentLine()
        advance()
        valuesLeft = Self.maximumValueCount
        var fields: [String: RowValue] = [:]
        if !take("}") {
            repeat {
                let name = try key()
                guard Self.fields.contains(name) else {
                    try skipValue(depth: 1)
                    continue
                }
                guard fields[name] == nil else { throw failure("the field \(name) stands there twice") }
                fields[name] = try Self.idFields.contains(name) ? integersOrValue() : value(depth: 1)
            } while take(",")
            guard take("}") else { throw malformed() }
        }
        return Row(fields: fields, file: file, line: line)
    }

    mutating func key() throws -> String {
        guard isNext("\"") else { throw malformed() }
        let name = try string()
        guard take(":") else { throw malformed() }
        return name
    }

    /// A list of whole numbers, or any other value.
    private mutating func integersOrValue() throws -> RowValue {
        let start = self
        if let numbers = integers() { return .integers(numbers) }
        self = start
        return try value(depth: 1)
    }

    private mutating func integers() -> [Int]? {
        var numbers: [Int] = []
        guard take("[") else { return nil }
        if take("]") { return [] }
        repeat {
            guard !isAtEnd(), let number = integer() else { return nil }
            numbers.append(number)
        } while take(",")
        return take("]") ? numbers : nil
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

    func peek() -> UInt8? { position < end ? bytes[position] : nil }

    mutating func advance() { position += 1 }

    mutating func malformed() -> InputError {
        failure("is no valid JSON", remedy: "correct the line; a row is one object on one line")
    }

    /// The bytes from `start` up to the position.
    func slice(from start: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[start..<position]) }
}
