/// The `pre_tokenizer` of a tokenizer.json: steps that cut a text into the pieces that are encoded one by one.
struct PreTokenizer: Sendable {
    enum PrependScheme: String, Sendable {
        case first, never, always
    }

    enum Step: Sendable {
        case split(Delimiter, SplitBehavior, inverted: Bool)
        case metaspace(mark: [UInt8], scheme: PrependScheme, splits: Bool)
        case prefixSpace
        /// Spells bytes in the byte alphabet.
        case spell
        /// Cuts before every run of space marks, which no merge crosses: see `BytePairModel.cutsBeforeSpaceMarks`.
        case cutBeforeSpaceMarks
    }

    private(set) var steps: [Step] = []

    /// Whether the last thing done is the spelling of bytes, so that a model may take raw bytes instead.
    var spellsLast: Bool {
        if case .spell = steps.last { true } else { false }
    }

    init(_ value: JSONValue?) throws(TokenizerError) {
        if let value { try read(value) }
    }

    mutating func dropSpelling() {
        if spellsLast { steps.removeLast() }
    }

    mutating func appendSpaceMarkCuts() {
        steps.append(.cutBeforeSpaceMarks)
    }

    private mutating func read(_ value: JSONValue) throws(TokenizerError) {
        let type = try value.member("type")
        let name = try type.string()
        switch name {
        case "Sequence":
            for step in try value.member("pretokenizers").elements() { try read(step) }
        case "ByteLevel":
            if try value.member("add_prefix_space").bool() { steps.append(.prefixSpace) }
            if try value.flag("use_regex", default: true) {
                steps.append(.split(.scanner(.gpt2), .isolated, inverted: false))
            }
            steps.append(.spell)
        case "Split":
            let inverted = try value.member("invert").bool()
            let delimiter = try TextPattern.read(value.member("pattern"))
            steps.append(.split(delimiter, try Self.behavior(value.member("behavior")), inverted: inverted))
        case "Metaspace": steps.append(try Self.metaspace(value))
        case "Digits":
            let behavior: SplitBehavior = try value.member("individual_digits").bool() ? .isolated : .contiguous
            steps.append(.split(.numeric, behavior, inverted: false))
        case "Whitespace": steps.append(.split(.wordGaps, .removed, inverted: false))
        case "WhitespaceSplit": steps.append(.split(.whitespace, .removed, inverted: false))
        case "Punctuation":
            let behavior = try value.presentMember("behavior")
            steps.append(.split(.punctuation, try behavior.map(Self.behavior) ?? .isolated, inverted: false))
        default: throw type.unsupported("the pre-tokenizer \(name)")
        }
    }

    private static func behavior(_ value: JSONValue) throws(TokenizerError) -> SplitBehavior {
        let name = try value.string()
        guard let behavior = SplitBehavior(rawValue: name) else { throw value.unsupported("the behavior \(name)") }
        return behavior
    }

    private static func metaspace(_ value: JSONValue) throws(TokenizerError) -> Step {
        let mark = try value.member("replacement").scalar()
        return .metaspace(
            mark: mark, scheme: try prependScheme(value), splits: try value.flag("split", default: true))
    }

    /// Reads `prepend_scheme`, and the `add_prefix_space` that older files have in its place.
    static func prependScheme(_ value: JSONValue) throws(TokenizerError) -> PrependScheme {
        var scheme = PrependScheme.always
        let named = try value.optionalMember("prepend_scheme")
        if let named {
            let name = try named.string()
            guard let known = PrependScheme(rawValue: name) else {
                throw named.unsupported("the prepend_scheme \(name)")
            }
            scheme = known
        }
        guard let prefix = try value.presentMember("add_prefix_space"), try !prefix.bool() else { return scheme }
        guard named == nil || scheme == .never else {
            throw prefix.failure("add_prefix_space contradicts prepend_scheme")
        }
        return .never
    }

    /// Cuts the buffer's text.
    func apply(_ buffer: inout PieceBuffer) {
        for step in steps {
            switch step {
            case .split(let delimiter, let behavior, let inverted):
                Self.split(&buffer, delimiter, behavior, inverted: inverted)
            case .metaspace(let mark, let scheme, let splits):
                Self.markSpaces(&buffer, mark, scheme)
                if splits { Self.split(&buffer, .literal(mark), .mergedWithNext, inverted: false) }
            case .prefixSpace:
                let start = buffer.start
                buffer.rewrite { text, piece, output in
                    let goesOn = start == .behindText && piece.lowerBound == 0
                    if !goesOn, text[piece.lowerBound] != UInt8(ascii: " ") { output.append(UInt8(ascii: " ")) }
                    for index in piece { output.append(text[index]) }
                }
            case .spell:
                buffer.rewrite { text, piece, output in
                    ByteAlphabet.encode(text.extracting(piece), into: &output)
                }
            case .cutBeforeSpaceMarks: Self.cutBeforeSpaceMarks(&buffer)
            }
        }
    }

    private static func split(
        _ buffer: inout PieceBuffer, _ delimiter: Delimiter, _ behavior: SplitBehavior, inverted: Bool
    ) {
        var pieces: [Range<Int>] = []
        pieces.reserveCapacity(buffer.end / 4)
        let bytes = buffer.text
        let text = bytes.span
        for piece in buffer.pieces {
            if case .scanner(let scanner) = delimiter, behavior == .isolated {
                scanner.split(text, piece, into: &pieces)
            } else {
                behavior.pieces(of: delimiter.stretches(text, in: piece, inverted: inverted), into: &pieces)
            }
        }
        buffer.pieces = pieces
    }

    private static func cutBeforeSpaceMarks(_ buffer: inout PieceBuffer) {
        var pieces: [Range<Int>] = []
        pieces.reserveCapacity(buffer.end / 4)
        let bytes = buffer.text
        let text = bytes.span
        let mark = BytePairModel.spaceMark
        for piece in buffer.pieces {
            var start = piece.lowerBound
            var position = start
            var followsMark = false
            while position < piece.upperBound {
                let isMark = text[position] == mark[0] && text[position + 1] == mark[1] && text[position + 2] == mark[2]
                if isMark, !followsMark, position > start {
                    pieces.append(start..<position)
                    start = position
                }
                followsMark = isMark
                position += UTF8Text.length(leading: text[position])
            }
            pieces.append(start..<piece.upperBound)
        }
        buffer.pieces = pieces
    }

    private static func markSpaces(_ buffer: inout PieceBuffer, _ mark: [UInt8], _ scheme: PrependScheme) {
        let isFirst = buffer.pieces.map(buffer.isFirst)
        let goesOn = buffer.pieces.map(buffer.goesOn)
        var index = 0
        buffer.rewrite { text, piece, output in
            let start = output.count
            for position in piece {
                if text[position] == UInt8(ascii: " ") {
                    output.append(contentsOf: mark)
                } else {
                    output.append(text[position])
                }
            }
            let mayPrepend = (scheme == .always && !goesOn[index]) || (scheme == .first && isFirst[index])
            if mayPrepend, !output[start...].starts(with: mark) { output.insert(contentsOf: mark, at: start) }
            index += 1
        }
    }
}
