import Evaluation
import Testing
import Tokenizers

@Suite("The text behind a prompt")
struct ContinuationDecoderTests {
    @Test("Prompt and continuation together are the text of all ids, wherever the border is")
    func borders() throws {
        let tokenizer = try TinyModel().tokenizer
        let text = "RECIPE: crème brûlée 🍮, serves 7. (1) Chop  the onions."
        let ids = tokenizer.encode(text, addSpecialTokens: true)
        for border in 1..<ids.count {
            let prompt = Array(ids[..<border])
            let continuation = ContinuationDecoder.text(
                of: Array(ids[border...]), behind: prompt, end: TextEnd(ids: []), tokenizer)
            let decoded = tokenizer.decode(prompt, skipSpecialTokens: true)
            // A character that the border cuts belongs to the continuation.
            let whole = decoded.prefix { $0 != "\u{FFFD}" }
            #expect(whole + continuation == text, "\(border)")
        }
    }

    @Test(
        "Text ends before a mark in letters, and what only begins like it is not lost",
        arguments: [
            ("yes<|im_end|>\n<|im_start|>", "yes"), ("<|im_end|>", ""), ("a<|im_e b<<|im_end|>", "a<|im_e b<"),
            ("a < b <|im_en", "a < b <|im_en"), ("1 <| 2 <|im_end|", "1 <| 2 <|im_end|"), ("", ""),
        ])
    func marks(written: String, text: String) throws {
        let tokenizer = try TinyModel().tokenizer
        let end = TextEnd(ids: [], mark: "<|im_end|>", tokenizer: tokenizer)
        #expect(end.mark == "<|im_end|>" && end.ids.isEmpty)
        let prompt = tokenizer.encode("to", addSpecialTokens: true)
        let ids = tokenizer.encode("to" + written, addSpecialTokens: true).dropFirst(prompt.count)
        #expect(ContinuationDecoder.text(of: Array(ids), behind: prompt, end: end, tokenizer) == text)
    }

    @Test("A mark that is a token ends by its id")
    func tokens() throws {
        let tokenizer = try TinyModel().tokenizer
        let name = try #require(tokenizer.token(for: 1))
        let end = TextEnd(ids: [7], mark: name, tokenizer: tokenizer)
        #expect(end.mark == nil && end.ids == [1, 7])
    }
}
