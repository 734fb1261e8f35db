/// The added tokens of a tokenizer.json, and how they cut a text.
struct AddedTokens: Sendable {
    /// A part of a text: an added token, or what the model has to encode.
    enum Section {
        case token(Int32)
        case text(Range<Int>)
    }

    /// The tokens by id.
    private(set) var tokens: [Int32: AddedToken] = [:]
    private var ids: [[UInt8]: Int32] = [:]
    /// How tokens read after normalisation, where that changes them; this is what they decode to.
    private var normalizedForms: [Int32: [UInt8]] = [:]
    private var specialContents: Set<[UInt8]> = []
    /// The ids of the special tokens.
    private(set) var specialIDs: Set<Int32> = []
    /// Tokens to find in the text as given.
    private(set) var plainTrie = TokenTrie([])
    /// Tokens to find in the normalised text.
    private(set) var normalizedTrie = TokenTrie([])

    init(_ value: JSONValue?, vocabulary: Vocabulary, normalizer: Normalizer) throws(TokenizerError) {
        guard let value else { return }
        var nextID = vocabulary.count
        for entry in try value.elements() {
            let token = try AddedToken(entry)
            let declared = try entry.member("id").integer(upTo: Int(Int32.max) - 1)
            if token.content.isEmpty { continue }
            if let id = ids[token.content], tokens[id] == token { continue }
            let known = ids[token.content] ?? vocabulary.id(of: token.content.span)
            let id = known ?? Int32(nextID)
            if known == nil { nextID += 1 }
            guard Int(id) == declared, known != nil || !vocabulary.contains(id: Int(id)) else {
                throw entry.failure(
                    "the token has the id \(declared), but by its place in the vocabulary it is \(id)",
                    remedy: "save the tokenizer again with the tokenizers library")
            }
            add(token, id: id, normalizer)
        }
        specialIDs = Set(tokens.filter { specialContents.contains($0.value.content) }.keys)
        plainTrie = TokenTrie(patterns { !$0.isNormalized })
        let normalized = patterns { $0.isNormalized }
        try Self.check(normalized, value)
        normalizedTrie = TokenTrie(normalized)
    }

    /// What the library makes of such tokens depends on the order of a hash table.
    private static func check(
        _ patterns: [(bytes: [UInt8], value: Int32)], _ value: JSONValue
    ) throws(TokenizerError) {
        var seen: [[UInt8]: Int32] = [:]
        for pattern in patterns {
            guard !pattern.bytes.isEmpty else {
                throw value.failure("normalisation leaves nothing of the added token \(pattern.value)")
            }
            if let other = seen.updateValue(pattern.value, forKey: pattern.bytes) {
                throw value.failure("the added tokens \(other) and \(pattern.value) are the same after normalisation")
            }
        }
    }

    private mutating func add(_ token: AddedToken, id: Int32, _ normalizer: Normalizer) {
        normalizedForms[id] = nil
        if token.isNormalized {
            var form = token.content
            _ = normalizer.apply(&form)
            if form != token.content { normalizedForms[id] = form }
        }
        tokens[id] = token
        ids[token.content] = id
        if token.isSpecial { specialContents.insert(token.content) }
    }

    private func patterns(where isWanted: (AddedToken) -> Bool) -> [(bytes: [UInt8], value: Int32)] {
        tokens.filter { isWanted($0.value) }.sorted { $0.key < $1.key }
            .map { (normalizedForms[$0.key] ?? $0.value.content, $0.key) }
    }

    func id(of token: [UInt8]) -> Int32? { ids[token] }

    /// What the id decodes to, or nil where it is no added token's.
    func decoded(_ id: Int32) -> [UInt8]? {
        normalizedForms[id] ?? tokens[id]?.content
    }

    /// Whether a token of this spelling is left out of a text without special tokens.
    func isSpecial(_ token: [UInt8]) -> Bool { specialContents.contains(token) }

    var idEnd: Int { tokens.keys.max().map { Int($0) + 1 } ?? 0 }

    /// Cuts a text at the added tokens that `trie` finds; matches that their flags rule out are text,
    /// and so are those that are to be left out.
    func sections(_ text: Span<UInt8>, _ trie: TokenTrie, leavingOut: Set<Int32>) -> [Section] {
        guard text.count > 0 else { return [] }
        guard !trie.isEmpty else { return [.text(0..<text.count)] }
        var sections: [Section] = []
        var textStart = 0
        var position = 0
        while let (match, id) = trie.firstMatch(text, from: position, to: text.count) {
            position = match.upperBound
            guard !leavingOut.contains(id), let token = tokens[id], !token.isSingleWord || Self.isAlone(text, match)
            else { continue }
            var start = match.lowerBound
            var end = match.upperBound
            if token.stripsLeft { start = max(Self.spaceStart(text, before: start), textStart) }
            if token.stripsRight { end = Self.spaceEnd(text, from: end) }
            // A token of white space may find that the token before it took all of it along.
            guard start < end else { continue }
            if textStart < start { sections.append(.text(textStart..<start)) }
            sections.append(.token(id))
            textStart = end
        }
        if textStart < text.count { sections.append(.text(textStart..<text.count)) }
        return sections
    }

    private static func isAlone(_ text: Span<UInt8>, _ match: Range<Int>) -> Bool {
        if match.lowerBound > 0, isWord(text, at: UTF8Text.start(before: match.lowerBound, in: text)) { return false }
        return match.upperBound == text.count || !isWord(text, at: match.upperBound)
    }

    private static func isWord(_ text: Span<UInt8>, at position: Int) -> Bool {
        Unicode.Scalar(UTF8Text.scalar(text, at: position)).map(CharacterClass.isWordForAddedTokens) ?? false
    }

    private static func spaceStart(_ text: Span<UInt8>, before position: Int) -> Int {
        var start = position
        while start > 0 {
            let previous = UTF8Text.start(before: start, in: text)
            guard CharacterClass.isWhitespace(text, at: previous) else { break }
            start = previous
        }
        return start
    }

    private static func spaceEnd(_ text: Span<UInt8>, from position: Int) -> Int {
        var end = position
        while end < text.count, CharacterClass.isWhitespace(text, at: end) {
            end += UTF8Text.length(leading: text[end])
        }
        return end
    }
}
