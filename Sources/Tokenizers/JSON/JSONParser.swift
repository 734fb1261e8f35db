/// A strict reader of RFC 8259 that fills the node list of a `JSONDocument`.
struct JSONParser {
    /// Deeper nesting than any tokenizer has; bounds the recursion.
    static let depthLimit = 64

    private let file: String
    private let bytes: [UInt8]
    private var nodes: [JSONDocument.Node] = []
    private var position = 0

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    mutating func parse() throws(TokenizerError) -> [JSONDocument.Node] {
        if let bad = UTF8Text.firstInvalidByte(in: bytes.span) {
            throw failure(at: bad, "not UTF-8")
        }
        nodes.reserveCapacity(bytes.count / 12)
        skipWhitespace()
        try parseValue(depth: 0)
        skipWhitespace()
        guard position == bytes.count else {
            throw failure(at: position, "something follows the JSON value")
        }
        return nodes
    }

    private mutating func parseValue(depth: Int) throws(TokenizerError) {
        guard depth < Self.depthLimit else {
            throw failure(at: position, "nested deeper than \(Self.depthLimit) levels")
        }
        guard position < bytes.count else { throw failure(at: position, "the file ends in the middle of a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try parseObject(depth: depth)
        case UInt8(ascii: "["): try parseArray(depth: depth)
        case UInt8(ascii: "\""): try parseString()
        case UInt8(ascii: "t"): try parseWord("true", kind: .bool)
        case UInt8(ascii: "f"): try parseWord("false", kind: .bool)
        case UInt8(ascii: "n"): try parseWord("null", kind: .null)
        default: try parseNumber()
        }
    }

    private mutating func parseObject(depth: Int) throws(TokenizerError) {
        let node = open(.object)
        try parseList(closing: UInt8(ascii: "}")) { (parser) throws(TokenizerError) in
            guard parser.peek() == UInt8(ascii: "\"") else {
                throw parser.failure(at: parser.position, "a key in quotes was expected")
            }
            try parser.parseString()
            parser.skipWhitespace()
            guard parser.peek() == UInt8(ascii: ":") else {
                throw parser.failure(at: parser.position, "':' was expected")
            }
            parser.position += 1
            parser.skipWhitespace()
            try parser.parseValue(depth: depth + 1)
        }
        close(node)
    }

    private mutating func parseArray(depth: Int) throws(TokenizerError) {
        let node = open(.array)
        try parseList(closing: UInt8(ascii: "]")) { (parser) throws(TokenizerError) in
            try parser.parseValue(depth: depth + 1)
        }
        close(node)
    }

    private mutating func parseList(
        closing: UInt8, element: (inout JSONParser) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        position += 1
        skipWhitespace()
        if peek() == closing {
            position += 1
            return
        }
        while true {
            try element(&self)
            skipWhitespace()
            let separator = peek()
            guard separator == closing || separator == UInt8(ascii: ",") else {
                let expected = Character(Unicode.Scalar(closing))
                throw failure(at: position, "',' or '\(expected)' was expected")
            }
            position += 1
            if separator == closing { return }
            skipWhitespace()
        }
    }

    private mutating func parseString() throws(TokenizerError) {
        let node = open(.string)
        position += 1
        nodes[node].start = position
        while true {
            guard let byte = peek() else { throw failure(at: position, "the file ends in the middle of a string") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw failure(at: position, "a control character in a string") }
            if byte == UInt8(ascii: "\\") {
                nodes[node].flag = true
                try skipEscape()
            } else {
                position += 1
            }
        }
        close(node)
        position += 1
    }

    private mutating func skipEscape() throws(TokenizerError) {
        let start = position
        position += 1
        guard let letter = peek() else { throw failure(at: start, "an unfinished escape") }
        position += 1
        guard letter == UInt8(ascii: "u") else {
            guard JSONEscape.simple(letter) != nil else { throw failure(at: start, "an unknown escape") }
            return
        }
        guard let first = JSONEscape.hex4(bytes.span, at: position) else {
            throw failure(at: start, "a bad \\u escape")
        }
        position += 4
        guard first & 0xF800 == 0xD800 else { return }
        guard first < 0xDC00, peek() == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u"),
            let second = JSONEscape.hex4(bytes.span, at: position + 2), second & 0xFC00 == 0xDC00
        else { throw failure(at: start, "half a surrogate pair") }
        position += 6
    }

    private mutating func parseNumber() throws(TokenizerError) {
        let node = open(.number)
        let start = position
        if peek() == UInt8(ascii: "-") { position += 1 }
        if peek() == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits(start)
        }
        if peek() == UInt8(ascii: ".") {
            position += 1
            try skipDigits(start)
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            try skipDigits(start)
        }
        close(node)
    }

    private mutating func skipDigits(_ start: Int) throws(TokenizerError) {
        let first = position
        while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > first else { throw failure(at: start, "a value was expected") }
    }

    private mutating func parseWord(_ word: StaticString, kind: JSONDocument.Kind) throws(TokenizerError) {
        let node = open(kind)
        let text = Array(word.description.utf8)
        guard position + text.count <= bytes.count, bytes[position..<position + text.count].elementsEqual(text) else {
            throw failure(at: position, "a value was expected")
        }
        position += text.count
        nodes[node].flag = text.first == UInt8(ascii: "t")
        close(node)
    }

    private mutating func open(_ kind: JSONDocument.Kind) -> Int {
        nodes.append(JSONDocument.Node(kind: kind, flag: false, start: position, end: position, next: 0))
        return nodes.count - 1
    }

    private mutating func close(_ node: Int) {
        nodes[node].end = position
        nodes[node].next = nodes.count
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(at offset: Int, _ message: String) -> TokenizerError {
        let before = bytes[..<offset]
        let line = before.count { $0 == 0x0A } + 1
        let column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return TokenizerError(
            file: file, place: "line \(line), column \(column)", message: message,
            remedy: "fetch the file again, it is damaged or not JSON")
    }
}
