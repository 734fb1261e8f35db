package import Tokenizers

/// Turns new ids into text as it stands behind its prompt: with the blank that a decoder leaves out at a beginning.
package struct ContinuationDecoder {
    private var decoder: StreamingDecoder

    /// Tokens of the prompt that a new one's text can depend on.
    private static let contextSize = 16

    package init(_ tokenizer: Tokenizer, prompt: [Int32]) {
        decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        for id in prompt.suffix(Self.contextSize) { _ = decoder.append(id) }
    }

    /// Takes one id, and returns the text that it completes.
    package mutating func append(_ id: Int32) -> String { decoder.append(id) }

    /// The text that was held back for want of more ids.
    package mutating func finish() -> String { decoder.finish() }

    /// The text of all new ids.
    package static func text(of ids: [Int32], behind prompt: [Int32], _ tokenizer: Tokenizer) -> String {
        var decoder = ContinuationDecoder(tokenizer, prompt: prompt)
        return ids.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
    }
}
