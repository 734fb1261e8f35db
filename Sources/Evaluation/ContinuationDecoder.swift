package import Tokenizers

/// Turns new ids into text as it stands behind its prompt, with the blank that a decoder leaves out at a beginning, and
/// up to the mark that ends it.
package struct ContinuationDecoder {
    private var decoder: StreamingDecoder
    private let end: TextEnd
    /// Text that may turn out to be the beginning of the mark.
    private var held = ""
    private var hasEnded = false

    /// Tokens of the prompt that a new one's text can depend on.
    private static let contextSize = 16

    package init(_ tokenizer: Tokenizer, prompt: [Int32], end: TextEnd) {
        decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        self.end = end
        for id in prompt.suffix(Self.contextSize) { _ = decoder.append(id) }
    }

    /// Takes one id, and returns the text that it completes.
    package mutating func append(_ id: Int32) -> String { release(decoder.append(id)) }

    /// The text that was held back for want of more ids.
    package mutating func finish() -> String {
        let text = release(decoder.finish())
        return hasEnded ? text : text + held
    }

    private mutating func release(_ piece: String) -> String {
        guard let mark = end.mark else { return piece }
        if hasEnded { return "" }
        held += piece
        let text = end.cut(held)
        if text.endIndex < held.endIndex {
            hasEnded = true
            return String(text)
        }
        let kept = (1..<mark.count).last { held.hasSuffix(mark.prefix($0)) } ?? 0
        defer { held = String(held.suffix(kept)) }
        return String(held.dropLast(kept))
    }

    /// The text of all new ids.
    package static func text(
        of ids: [Int32], behind prompt: [Int32], end: TextEnd, _ tokenizer: Tokenizer
    ) -> String {
        var decoder = ContinuationDecoder(tokenizer, prompt: prompt, end: end)
        return ids.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
    }
}
