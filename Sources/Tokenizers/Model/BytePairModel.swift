/// Byte-pair encoding of one word.
struct BytePairModel: Sendable {
    /// SentencePiece's stand-in for a space, U+2581.
    static let spaceMark: [UInt8] = [0xE2, 0x96, 0x81]

    let vocabulary: Vocabulary
    let merges: MergeTable
    /// The symbol of every byte where words come as raw bytes; nil where they come as characters.
    let byteSymbols: [Int32]?
    /// The `<0x00>` … `<0xFF>` tokens, -1 where one is missing; nil without byte fallback.
    let fallbackSymbols: [Int32]?
    let unknown: Int32?
    let fusesUnknown: Bool
    let ignoresMerges: Bool
    let prefix: [UInt8]
    let suffix: [UInt8]
    /// Whether no merge joins a character with a space mark that follows it: then a text may be cut there.
    let cutsBeforeSpaceMarks: Bool

    /// What encoding needs to work in; kept from call to call.
    struct Workspace: Sendable {
        var merger = WordMerger()
        var cache = WordCache(bits: 14)
        var spelling: [UInt8] = []
    }

    /// Appends the ids of a word. `WordCache.padding` bytes of `text` from its start on must exist.
    @inline(__always)
    func encode(_ text: Span<UInt8>, _ word: Range<Int>, _ work: inout Workspace, into output: inout [Int32]) {
        guard word.count <= WordCache.longestWord else {
            encodeAnew(text, word, &work, into: &output)
            return
        }
        let key = WordCache.key(text, word)
        let slot = work.cache.slot(key)
        if work.cache.append(slot, key, to: &output) { return }
        let start = output.count
        encodeAnew(text, word, &work, into: &output)
        work.cache.store(slot, key, output[start...])
    }

    @inline(never)
    private func encodeAnew(
        _ text: Span<UInt8>, _ word: Range<Int>, _ work: inout Workspace, into output: inout [Int32]
    ) {
        if ignoresMerges, let id = wholeWord(text.extracting(word), &work.spelling) {
            output.append(id)
            return
        }
        work.merger.symbols.removeAll(keepingCapacity: true)
        if let byteSymbols {
            for index in word { work.merger.symbols.append(byteSymbols[Int(text[index])]) }
        } else {
            appendSymbols(of: text, word, &work)
        }
        work.merger.merge(merges)
        output.append(contentsOf: work.merger.symbols)
    }

    private func wholeWord(_ word: Span<UInt8>, _ spelling: inout [UInt8]) -> Int32? {
        guard byteSymbols != nil else { return vocabulary.id(of: word) }
        spelling.removeAll(keepingCapacity: true)
        ByteAlphabet.encode(word, into: &spelling)
        return vocabulary.id(of: spelling.span)
    }

    /// A symbol a character; a character without one becomes its bytes' tokens, or the unknown token, or nothing.
    private func appendSymbols(of text: Span<UInt8>, _ word: Range<Int>, _ work: inout Workspace) {
        var pendingUnknown = false
        var position = word.lowerBound
        while position < word.upperBound {
            let next = position + UTF8Text.length(leading: text[position])
            work.spelling.removeAll(keepingCapacity: true)
            if position > word.lowerBound { work.spelling.append(contentsOf: prefix) }
            for index in position..<next { work.spelling.append(text[index]) }
            if next == word.upperBound { work.spelling.append(contentsOf: suffix) }
            if let id = vocabulary.id(of: work.spelling.span) {
                if pendingUnknown, let unknown { work.merger.symbols.append(unknown) }
                pendingUnknown = false
                work.merger.symbols.append(id)
            } else if !appendFallback(&work), let unknown {
                // The library holds an unknown token back until it knows whether the next one joins it, and lets
                // bytes overtake it.
                if pendingUnknown, !fusesUnknown { work.merger.symbols.append(unknown) }
                pendingUnknown = true
            }
            position = next
        }
        if pendingUnknown, let unknown { work.merger.symbols.append(unknown) }
    }

    private func appendFallback(_ work: inout Workspace) -> Bool {
        guard let fallbackSymbols, work.spelling.allSatisfy({ fallbackSymbols[Int($0)] >= 0 }) else { return false }
        for byte in work.spelling { work.merger.symbols.append(fallbackSymbols[Int(byte)]) }
        return true
    }
}
