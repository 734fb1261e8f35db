import Buffers

/// A strict reader of JSON (RFC 8259) from bytes that nobody vouches for: no duplicate keys, no invalid UTF-8, bounded
/// depth and number of values, so that a small file cannot ask for much memory.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private let place: String?
    private var position = 0
    private var valuesLeft = 1 << 21
    private static let maximumDepth = 64

    /// Parses a file that holds one value.
    static func parse(_ path: String) throws -> JSONValue {
        try MemoryMap(path: path).withBytes { try parse($0, file: path) }
    }

    /// Parses `bytes`, which must hold one value and nothing but white space after it.
    /// - Throws: `InputError` of kind `.data` that names the byte.
    static func parse(_ bytes: UnsafeRawBufferPointer, file: String, place: String? = nil) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes, file: file, place: place)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.error("more after the end of the JSON value") }
        return value
    }

    private init(bytes: UnsafeRawBufferPointer, file: String, place: String?) {
        self.bytes = bytes
        self.file = file
        self.place = place
    }

    private func error(_ message: String) -> InputError {
        let byte = "byte \(position)"
        return InputError(
            .data, file: file, place: place.map { "\($0), \(byte)" } ?? byte, "is not valid JSON: \(message)",
            remedy: "fetch or write the file again")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func expect(_ byte: Character) throws {
        skipSpace()
        guard next == byte.asciiValue else { throw error("expected \"\(byte)\"") }
        position += 1
    }

    /// Whether the next byte after white space is this one; it is taken then.
    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard next == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
        guard valuesLeft > 0 else { throw error("too many values") }
        valuesLeft -= 1
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try .object(object(depth: depth))
        case UInt8(ascii: "["): return try .array(array(depth: depth))
        case UInt8(ascii: "\""): return try .string(string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try .number(number())
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let count = word.utf8CodeUnitCount
        let text = UnsafeRawBufferPointer(start: word.utf8Start, count: count)
        guard bytes.count - position >= count, bytes[position..<position + count].elementsEqual(text) else {
            throw error("an unknown word")
        }
        position += count
        return value
    }

    private mutating func object(depth: Int) throws -> JSONObject {
        try expect("{")
        var object = JSONObject()
        if take("}") { return object }
        repeat {
            skipSpace()
            let key = try string()
            try expect(":")
            let value = try value(depth: depth + 1)
            guard object.append(key, value) else { throw error("the key \"\(key.prefix(200))\" appears twice") }
        } while take(",")
        try expect("}")
        return object
    }

    private mutating func array(depth: Int) throws -> [JSONValue] {
        try expect("[")
        var values: [JSONValue] = []
        if take("]") { return values }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        try expect("]")
        return values
    }

    private mutating func number() throws -> String {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let integerStart = position
        try digits()
        if bytes[integerStart] == UInt8(ascii: "0"), position - integerStart > 1 { throw error("a leading zero") }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard position - start <= 400 else { throw error("a number of more than 400 characters") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws {
        let start = position
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        if position == start { throw error(next == nil ? "it ends too early" : "expected a value") }
    }

    private mutating func string() throws -> String {
        guard next == UInt8(ascii: "\"") else { throw error("expected a string") }
        position += 1
        let start = position
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw error("the string that starts at byte \(start) is no UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            case 0..<0x20: throw error("a control character in a string")
            default: text.append(byte)
            }
        }
        throw error("a string that does not end")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws {
        guard let byte = next else { throw error("a string that does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(try escapedScalar()).utf8))
        default: throw error("an unknown escape")
        }
    }

    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Only surrogates are no scalars: a high one must be followed by a low one.
        guard first < 0xDC00, next == UInt8(ascii: "\\") else { throw error("half of a surrogate pair") }
        position += 1
        guard next == UInt8(ascii: "u") else { throw error("half of a surrogate pair") }
        position += 1
        let second = try fourHexDigits()
        guard second >= 0xDC00, second < 0xE000,
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func fourHexDigits() throws -> UInt32 {
        guard bytes.count - position >= 4 else { throw error("a string that does not end") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw error("four hexadecimal digits expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
