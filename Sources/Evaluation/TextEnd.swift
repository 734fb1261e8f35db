package import Tokenizers

/// What ends a text: some ids, and for a chat layout whose mark is no token of the model the mark in letters.
package struct TextEnd: Sendable {
    package let ids: Set<Int32>
    /// The mark in letters; nil where there is none, or it is a token.
    package let mark: String?
    private let tokenizer: Tokenizer?

    package init(ids: Set<Int32>) {
        self.ids = ids
        mark = nil
        tokenizer = nil
    }

    /// - Parameter mark: a token of the tokenizer, or what is to be found in the text.
    package init(ids: Set<Int32>, mark: String, tokenizer: Tokenizer) {
        let id = tokenizer.tokenID(of: mark)
        self.ids = id.map { ids.union([$0]) } ?? ids
        self.mark = id == nil ? mark : nil
        self.tokenizer = id == nil ? tokenizer : nil
    }

    /// Whether the mark in letters is at the end of some new ids.
    func isSpelled(at ids: ArraySlice<Int32>) -> Bool {
        guard let mark, let tokenizer else { return false }
        // Every token is a letter at least.
        return tokenizer.decode(Array(ids.suffix(mark.utf8.count)), skipSpecialTokens: false).contains(mark)
    }

    /// The text before the mark in letters.
    func cut(_ text: String) -> Substring {
        guard let mark, let found = text.firstRange(of: mark) else { return text[...] }
        return text[..<found.lowerBound]
    }
}
