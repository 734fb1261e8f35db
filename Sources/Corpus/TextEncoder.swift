/// What turns text into ids: the model's tokenizer, or a stand-in in tests.
package protocol TextEncoder {
    /// - Parameter addSpecialTokens: whether the tokenizer's own BOS (and what else its template has) goes in.
    func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32]
}
