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
            let continuation = ContinuationDecoder.text(of: Array(ids[border...]), behind: prompt, tokenizer)
            let decoded = tokenizer.decode(prompt, skipSpecialTokens: true)
            // A character that the border cuts belongs to the continuation.
            let whole = decoded.prefix { $0 != "\u{FFFD}" }
            #expect(whole + continuation == text, "\(border)")
        }
    }
}
