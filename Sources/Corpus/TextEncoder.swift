package import Tokenizers

/// What turns text into ids: the model's tokenizer, or a stand-in.
package protocol TextEncoder {
    /// - Parameter addSpecialTokens: whether the tokenizer's own BOS (and what else its template has) goes in.
    func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32]

    /// The ids of a conversation that was laid out, the borders of what is learned exact.
    func encode(_ segments: [ChatSegment], of layout: ChatLayout) throws -> EncodedChat

    /// Marks of a layout that are no tokens, and are spelled in letters.
    func missingMarks(of layout: ChatLayout) -> [String]
}
