/// What a text is split at.
enum Delimiter: Sendable {
    case literal([UInt8])
    case scanner(SplitScanner)
    case pattern(Pattern)
    case numeric
    case whitespace
    /// All but runs of word characters and runs of symbols: the Whitespace pre-tokenizer's `\w+|[^\w\s]+`, inverted.
    case wordGaps
    case punctuation

    /// Cuts a range into delimiters and what lies between them; both may be asked for the other way round.
    func stretches(_ text: Span<UInt8>, in range: Range<Int>, inverted: Bool) -> [SplitBehavior.Stretch] {
        var stretches: [SplitBehavior.Stretch] = []
        var position = range.lowerBound
        for match in matches(text, in: range) {
            if match.lowerBound > position {
                stretches.append(SplitBehavior.Stretch(range: position..<match.lowerBound, isDelimiter: inverted))
            }
            stretches.append(SplitBehavior.Stretch(range: match, isDelimiter: !inverted))
            position = match.upperBound
        }
        if position < range.upperBound {
            stretches.append(SplitBehavior.Stretch(range: position..<range.upperBound, isDelimiter: inverted))
        }
        return stretches
    }

    /// The delimiters in a range, in order.
    func matches(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        switch self {
        case .literal(let literal): return Self.occurrences(of: literal, text, in: range)
        case .scanner(let scanner):
            var pieces: [Range<Int>] = []
            scanner.split(text, range, into: &pieces)
            return pieces
        case .pattern(let pattern): return pattern.matches(text, in: range)
        case .numeric: return Self.scalars(text, in: range, where: CharacterClass.isNumeric)
        case .whitespace: return Self.scalars(text, in: range) { $0.properties.isWhitespace }
        case .punctuation: return Self.scalars(text, in: range, where: CharacterClass.isPunctuation)
        case .wordGaps: return Self.wordGaps(text, in: range)
        }
    }

    private static func occurrences(of literal: [UInt8], _ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = range.lowerBound
        while position + literal.count <= range.upperBound {
            if literal.indices.allSatisfy({ text[position + $0] == literal[$0] }) {
                found.append(position..<position + literal.count)
                position += literal.count
            } else {
                position += 1
            }
        }
        return found
    }

    private static func scalars(
        _ text: Span<UInt8>, in range: Range<Int>, where isDelimiter: (Unicode.Scalar) -> Bool
    ) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let next = position + UTF8Text.length(leading: text[position])
            if let scalar = Unicode.Scalar(UTF8Text.scalar(text, at: position)), isDelimiter(scalar) {
                found.append(position..<next)
            }
            position = next
        }
        return found
    }

    private enum WordPart {
        case gap, word, symbol
    }

    private static func wordGaps(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var previous: WordPart?
        var position = range.lowerBound
        while position < range.upperBound {
            let current = wordPart(text, at: position)
            let next = position + UTF8Text.length(leading: text[position])
            if current == .gap {
                gaps.append(position..<next)
            } else if let previous, previous != .gap, previous != current {
                // A word and a symbol meet: an empty gap parts them.
                gaps.append(position..<position)
            }
            previous = current
            position = next
        }
        return gaps
    }

    private static func wordPart(_ text: Span<UInt8>, at position: Int) -> WordPart {
        guard let scalar = Unicode.Scalar(UTF8Text.scalar(text, at: position)) else { return .symbol }
        if CharacterClass.isWordForAddedTokens(scalar) { return .word }
        return scalar.properties.isWhitespace ? .gap : .symbol
    }
}
