/// The `decoder` of a tokenizer.json: steps that turn the tokens of a text back into it.
struct TokenDecoder: Sendable {
    enum Step: Sendable {
        case byteLevel
        case byteFallback
        case fuse
        case strip(character: [UInt8], start: Int, stop: Int)
        case replace(Delimiter, content: [UInt8])
        case metaspace(mark: [UInt8], dropsFirst: Bool)
        case wordSuffix([UInt8])
    }

    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Nil where the file has no decoder: then tokens are joined with spaces.
    private(set) var steps: [Step]?

    init(_ value: JSONValue?) throws(TokenizerError) {
        guard let value else { return }
        steps = []
        try read(value)
    }

    /// Whether byte-level decoding is all there is: then a text is decoded without a list of its tokens.
    var isByteLevel: Bool {
        guard let steps, steps.count == 1, case .byteLevel = steps[0] else { return false }
        return true
    }

    private mutating func read(_ value: JSONValue) throws(TokenizerError) {
        let type = try value.member("type")
        let name = try type.string()
        switch name {
        case "Sequence":
            for step in try value.member("decoders").elements() { try read(step) }
        case "ByteLevel": steps?.append(.byteLevel)
        case "ByteFallback": steps?.append(.byteFallback)
        case "Fuse": steps?.append(.fuse)
        case "Strip":
            let character = try value.member("content").scalar()
            let start = try value.member("start").integer(upTo: Int(Int32.max))
            let stop = try value.member("stop").integer(upTo: Int(Int32.max))
            steps?.append(.strip(character: character, start: start, stop: stop))
        case "Replace":
            let content = try value.member("content").bytes()
            steps?.append(.replace(try TextPattern.read(value.member("pattern")), content: content))
        case "Metaspace":
            let mark = try value.member("replacement").scalar()
            steps?.append(.metaspace(mark: mark, dropsFirst: try PreTokenizer.prependScheme(value) != .never))
        case "BPEDecoder":
            let suffix = try value.member("suffix")
            let bytes = try suffix.bytes()
            guard !bytes.isEmpty else { throw suffix.unsupported("an empty suffix") }
            steps?.append(.wordSuffix(bytes))
        default: throw type.unsupported("the decoder \(name)")
        }
    }

    /// The text of a list of tokens, as bytes that need not be UTF-8 where tokens are cut short.
    func decode(_ tokens: [[UInt8]]) -> [UInt8] {
        guard let steps else { return Array(tokens.joined(separator: [UInt8(ascii: " ")])) }
        var current = tokens
        for step in steps { current = Self.apply(step, current) }
        return Array(current.joined())
    }

    private static func apply(_ step: Step, _ tokens: [[UInt8]]) -> [[UInt8]] {
        switch step {
        case .byteLevel: return [byteLevel(tokens)]
        case .byteFallback: return byteFallback(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let character, let start, let stop):
            return tokens.map { strip($0, character, start: start, stop: stop) }
        case .replace(let pattern, let content): return tokens.map { replace(pattern, by: content, in: $0) }
        case .metaspace(let mark, let dropsFirst):
            return tokens.enumerated().map { index, token in
                replace(.literal(mark), by: index == 0 && dropsFirst ? [] : [UInt8(ascii: " ")], in: token)
            }
        case .wordSuffix(let suffix):
            return tokens.enumerated().map { index, token in
                replace(.literal(suffix), by: index == tokens.count - 1 ? [] : [UInt8(ascii: " ")], in: token)
            }
        }
    }

    private static func byteLevel(_ tokens: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for token in tokens { ByteAlphabet.decode(token.span, into: &bytes) }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// `<0x41>` becomes its byte; a run of such tokens that is not UTF-8 becomes as many replacement characters.
    private static func byteFallback(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var output: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            if run.isEmpty { return }
            if UTF8Text.firstInvalidByte(in: run.span) == nil {
                output.append(run)
            } else {
                output.append(contentsOf: repeatElement(replacement, count: run.count))
            }
            run.removeAll(keepingCapacity: true)
        }
        for token in tokens {
            if let byte = fallbackByte(token) {
                run.append(byte)
            } else {
                flush()
                output.append(token)
            }
        }
        flush()
        return output
    }

    private static func fallbackByte(_ token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        // The library's number reader takes a plus sign in front of one digit.
        if token[3] == UInt8(ascii: "+") { return JSONEscape.hexDigit(token[4]).map(UInt8.init) }
        guard let high = JSONEscape.hexDigit(token[3]), let low = JSONEscape.hexDigit(token[4]) else { return nil }
        return UInt8(high << 4 | low)
    }

    private static func strip(_ token: [UInt8], _ character: [UInt8], start: Int, stop: Int) -> [UInt8] {
        var first = 0
        for _ in 0..<start {
            guard token[first...].starts(with: character) else { break }
            first += character.count
        }
        var last = token.count
        for _ in 0..<stop {
            guard last - character.count >= first, token[(last - character.count)..<last].elementsEqual(character)
            else { break }
            last -= character.count
        }
        return Array(token[first..<last])
    }

    private static func replace(_ pattern: Delimiter, by content: [UInt8], in token: [UInt8]) -> [UInt8] {
        let matches = pattern.matches(token.span, in: 0..<token.count)
        if matches.isEmpty { return token }
        var output: [UInt8] = []
        var position = 0
        for match in matches {
            output.append(contentsOf: token[position..<match.lowerBound])
            output.append(contentsOf: content)
            position = match.upperBound
        }
        output.append(contentsOf: token[position...])
        return output
    }
}
