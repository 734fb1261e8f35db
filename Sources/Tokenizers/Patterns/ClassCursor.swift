/// Walks runs of characters of one class up to `end`; the matches of the published split patterns are made of these.
struct ClassCursor {
    let end: Int

    private static let space = UInt8(ascii: " ")
    private static let apostrophe = UInt8(ascii: "'")

    /// The end of the match of GPT-2's pattern that begins at `start`.
    @inline(__always)
    func gpt2Match(_ text: Span<UInt8>, _ table: Span<UInt8>, at start: Int) -> Int {
        if text[start] == Self.apostrophe, let match = contraction(text, at: start, anyCase: false) { return match }
        let first = text[start] == Self.space ? start + 1 : start
        if first < end {
            let bits = classBits(text, table, at: first)
            if bits != CharacterClass.whitespace { return runEnd(text, table, from: first, of: bits) }
        }
        return whitespaceMatch(text, table, at: start)
    }

    /// The end of the match of Llama 3's pattern that begins at `start`.
    @inline(__always)
    func llama3Match(_ text: Span<UInt8>, _ table: Span<UInt8>, at start: Int, digits: Int) -> Int {
        if text[start] == Self.apostrophe, let match = contraction(text, at: start, anyCase: true) { return match }
        let bits = classBits(text, table, at: start)
        if bits == CharacterClass.letter { return runEnd(text, table, from: start, of: bits) }
        let next = start + UTF8Text.length(leading: text[start])
        if bits == CharacterClass.number { return numberEnd(text, table, from: next, more: digits - 1) }
        if next < end, !Self.isLineBreak(text[start]), classBits(text, table, at: next) == CharacterClass.letter {
            return runEnd(text, table, from: next, of: CharacterClass.letter)
        }
        let symbol = text[start] == Self.space ? next : start
        if symbol < end, classBits(text, table, at: symbol) == 0 {
            return lineBreaksEnd(text, from: runEnd(text, table, from: symbol, of: 0))
        }
        return lineMatch(text, table, at: start)
    }

    @inline(__always)
    private func classBits(_ text: Span<UInt8>, _ table: Span<UInt8>, at position: Int) -> UInt8 {
        CharacterClass.bits(UTF8Text.scalar(text, at: position), table)
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D
    }

    @inline(__always)
    private func runEnd(_ text: Span<UInt8>, _ table: Span<UInt8>, from start: Int, of bits: UInt8) -> Int {
        var position = start
        while position < end, classBits(text, table, at: position) == bits {
            position += UTF8Text.length(leading: text[position])
        }
        return position
    }

    private func numberEnd(_ text: Span<UInt8>, _ table: Span<UInt8>, from start: Int, more: Int) -> Int {
        var position = start
        for _ in 0..<more {
            guard position < end, classBits(text, table, at: position) == CharacterClass.number else { break }
            position += UTF8Text.length(leading: text[position])
        }
        return position
    }

    private func lineBreaksEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position < end, Self.isLineBreak(text[position]) { position += 1 }
        return position
    }

    /// `\s+(?!\S)|\s+`: a run of whitespace leaves its last character to a word that follows, if it has another.
    private func whitespaceMatch(_ text: Span<UInt8>, _ table: Span<UInt8>, at start: Int) -> Int {
        let run = runEnd(text, table, from: start, of: CharacterClass.whitespace)
        if run == end { return run }
        let last = UTF8Text.start(before: run, in: text)
        return last > start ? last : run
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: a run of whitespace with a line break in it ends after the last one.
    private func lineMatch(_ text: Span<UInt8>, _ table: Span<UInt8>, at start: Int) -> Int {
        let run = runEnd(text, table, from: start, of: CharacterClass.whitespace)
        var position = run
        while position > start {
            position -= 1
            if Self.isLineBreak(text[position]) { return position + 1 }
        }
        return whitespaceMatch(text, table, at: start)
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`; without regard to case, `s` is also U+017F, the long s.
    private func contraction(_ text: Span<UInt8>, at start: Int, anyCase: Bool) -> Int? {
        let caseBit: UInt8 = anyCase ? 0x20 : 0
        guard start + 1 < end else { return nil }
        let first = text[start + 1] | caseBit
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case 0xC5 | caseBit:
            let isLongS = anyCase && text[start + 1] == 0xC5 && text[start + 2] == 0xBF
            return isLongS ? start + 3 : nil
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return nil }
            let wanted = first == UInt8(ascii: "l") ? first : UInt8(ascii: "e")
            return text[start + 2] | caseBit == wanted ? start + 3 : nil
        default: return nil
        }
    }
}
