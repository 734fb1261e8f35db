extension RowReader {
    /// Reads a string, its opening quote next; the bytes must be UTF-8.
    mutating func string() throws -> String {
        advance()
        let start = position
        while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { advance() }
        // Nearly all strings have an escape or none at all: the plain run is taken over at once.
        var content = Array(slice(from: start))
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else {
                throw failure("has a control character in a string", remedy: "write it as \\u00XX")
            }
            advance()
            if byte == UInt8(ascii: "\\") {
                try escape(into: &content)
            } else {
                content.append(byte)
            }
        }
        guard peek() != nil else { throw malformed() }
        advance()
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure("is not UTF-8", remedy: "convert the file to UTF-8")
        }
        return text
    }

    /// Reads what follows a backslash.
    private mutating func escape(into content: inout [UInt8]) throws {
        guard let letter = peek() else { throw malformed() }
        advance()
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "u"): content.append(contentsOf: Array(Character(try unicodeScalar()).utf8))
        default: throw malformed()
        }
    }

    /// The scalar of `\uXXXX`, or of a pair of them; half a pair becomes U+FFFD, as it does elsewhere.
    private mutating func unicodeScalar() throws -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        let first = try hexadecimal()
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? replacement }
        var ahead = self
        guard ahead.peek() == UInt8(ascii: "\\") else { return replacement }
        ahead.advance()
        guard ahead.peek() == UInt8(ascii: "u") else { return replacement }
        ahead.advance()
        let second = try ahead.hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else { return replacement }
        self = ahead
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? replacement
    }

    private mutating func hexadecimal() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw malformed()
            }
            value = value << 4 | UInt32(digit)
            advance()
        }
        return value
    }
}
