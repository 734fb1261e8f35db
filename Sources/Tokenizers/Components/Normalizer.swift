/// The `normalizer` of a tokenizer.json: steps that rewrite a text before it is cut into pieces.
struct Normalizer: Sendable {
    enum Step: Sendable {
        case form(NormalizationForm)
        case lowercase
        case strip(left: Bool, right: Bool)
        case prepend([UInt8])
        case replace(Delimiter, content: [UInt8])
        case byteLevel
    }

    private(set) var steps: [Step] = []

    init(_ value: JSONValue?) throws(TokenizerError) {
        if let value { try read(value) }
    }

    private mutating func read(_ value: JSONValue) throws(TokenizerError) {
        let type = try value.member("type")
        let name = try type.string()
        switch name {
        case "Sequence":
            for step in try value.member("normalizers").elements() { try read(step) }
        case "Lowercase": steps.append(.lowercase)
        case "Strip":
            let left = try value.member("strip_left").bool()
            steps.append(.strip(left: left, right: try value.member("strip_right").bool()))
        case "Prepend": steps.append(.prepend(try value.member("prepend").bytes()))
        case "Replace":
            let content = try value.member("content").bytes()
            steps.append(.replace(try TextPattern.read(value.member("pattern")), content: content))
        case "ByteLevel": steps.append(.byteLevel)
        default:
            guard let form = NormalizationForm(rawValue: name) else { throw type.unsupported("the normalizer \(name)") }
            steps.append(.form(form))
        }
    }

    /// Rewrites a text; false where its first character is no longer, in whole or in part, what it began with.
    /// - Parameter prepends: false: the text goes on from another, nothing is put between them.
    func apply(_ text: inout [UInt8], prepends: Bool = true) -> Bool {
        var keepsStart = true
        for step in steps {
            switch step {
            case .form(let form): text = form.normalize(text)
            case .lowercase: text = Self.lowercase(text)
            case .strip(let left, let right): keepsStart = Self.strip(&text, left: left, right: right) && keepsStart
            case .prepend(let prefix):
                if prepends, !text.isEmpty { text.insert(contentsOf: prefix, at: 0) }
            case .replace(let pattern, let content):
                keepsStart = Self.replace(pattern, by: content, in: &text) && keepsStart
            case .byteLevel:
                var spelled: [UInt8] = []
                ByteAlphabet.encode(text.span, into: &spelled)
                text = spelled
            }
        }
        return keepsStart
    }

    /// Character by character, without regard to context: a final sigma is like any other.
    private static func lowercase(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        let bytes = text.span
        var position = 0
        while position < bytes.count {
            let scalar = UTF8Text.scalar(bytes, at: position)
            if scalar < 0x80 {
                output.append(scalar >= 0x41 && scalar <= 0x5A ? UInt8(scalar) | 0x20 : UInt8(scalar))
            } else if let value = Unicode.Scalar(scalar) {
                output.append(contentsOf: value.properties.lowercaseMapping.utf8)
            }
            position += UTF8Text.length(leading: bytes[position])
        }
        return output
    }

    private static func strip(_ text: inout [UInt8], left: Bool, right: Bool) -> Bool {
        let source = text
        let bytes = source.span
        var start = 0
        while left, start < bytes.count, CharacterClass.isWhitespace(bytes, at: start) {
            start += UTF8Text.length(leading: bytes[start])
        }
        var end = bytes.count
        while right, end > start {
            let last = UTF8Text.start(before: end, in: bytes)
            guard CharacterClass.isWhitespace(bytes, at: last) else { break }
            end = last
        }
        text = Array(source[start..<end])
        return start == 0
    }

    private static func replace(_ pattern: Delimiter, by content: [UInt8], in text: inout [UInt8]) -> Bool {
        let matches = pattern.matches(text.span, in: 0..<text.count)
        guard let first = matches.first else { return true }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + matches.count * content.count)
        var position = 0
        for match in matches {
            output.append(contentsOf: text[position..<match.lowerBound])
            output.append(contentsOf: content)
            position = match.upperBound
        }
        output.append(contentsOf: text[position...])
        let isOneCharacter = first.upperBound == UTF8Text.length(leading: text.first ?? 0)
        let keepsStart = first.lowerBound > 0 || first.isEmpty || (isOneCharacter && !content.isEmpty)
        text = output
        return keepsStart
    }
}
