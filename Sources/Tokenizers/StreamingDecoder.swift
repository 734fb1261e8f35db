/// Decodes ids that arrive one by one into pieces of text that are complete.
///
/// The pieces of a whole stream together are the text that `Tokenizer.decode` makes of all its ids, except where a
/// decoder looks back further than a few tokens.
package struct StreamingDecoder {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// The ids that are not done with: those of the last piece, which give the next one its context, and newer ones.
    private var window: [Int32] = []
    /// How many ids of the window have been handed out, and their text.
    private var finishedCount = 0
    private var finishedText: [UInt8] = []

    package init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// Takes one id, and returns the text that it completes: empty in the middle of a character.
    package mutating func append(_ id: Int32) -> String {
        window.append(id)
        let text = Array(tokenizer.decode(window, skipSpecialTokens: skipSpecialTokens).utf8)
        let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
        guard text.count > finishedText.count, !text.suffix(3).elementsEqual(replacement) else { return "" }
        return take(text)
    }

    /// The text that was held back for want of more ids; what is no character becomes U+FFFD.
    package mutating func finish() -> String {
        take(Array(tokenizer.decode(window, skipSpecialTokens: skipSpecialTokens).utf8))
    }

    private mutating func take(_ text: [UInt8]) -> String {
        let piece = String(decoding: text.dropFirst(finishedText.count), as: UTF8.self)
        window.removeFirst(finishedCount)
        finishedCount = window.count
        finishedText = Array(tokenizer.decode(window, skipSpecialTokens: skipSpecialTokens).utf8)
        return piece
    }
}
