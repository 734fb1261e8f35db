import Evaluation
import Kernels
import Testing
import Tokenizers

@Suite("What ends a text")
struct TextEndTests {
    /// The mark is cut out of what the model says without it, wherever tokens begin and end in it.
    @Test("A generation ends as soon as the mark in letters is there", arguments: [0, 3, 8, 20])
    func spelled(start: Int) throws {
        let tiny = try TinyModel()
        let prompt = tiny.tokenizer.encode("RECIPE: onions soup, serves", addSpecialTokens: true)
        func generate(_ end: TextEnd) throws -> Generation {
            let generator = try tiny.model.generator(
                count: 1, positions: 96, batchSize: 1, sampling: Sampling(temperature: 0.5), end: end,
                context: tiny.context, compute: .fp32)
            var ended: [Generation] = []
            try generator.run([GenerationRequest(number: 0, prompt: prompt, maximumNewTokens: 60)]) { ended.append($0) }
            return try #require(ended.first)
        }
        let none = TextEnd(ids: [])
        let free = try generate(none).ids
        let text = ContinuationDecoder.text(of: free, behind: prompt, end: none, tiny.tokenizer)
        let mark = String(text.dropFirst(start).prefix(5))
        try #require(mark.count == 5 && tiny.tokenizer.tokenID(of: mark) == nil)
        let end = TextEnd(ids: [], mark: mark, tokenizer: tiny.tokenizer)
        let ended = try generate(end)
        #expect(ended.stop == .endOfText)
        #expect(ended.ids == Array(free.prefix(ended.ids.count)))
        let before = ContinuationDecoder.text(of: ended.ids, behind: prompt, end: end, tiny.tokenizer)
        let found = try #require(text.firstRange(of: mark))
        #expect(before == text[..<found.lowerBound])
        let shorter = ContinuationDecoder.text(of: ended.ids.dropLast(), behind: prompt, end: none, tiny.tokenizer)
        #expect(!shorter.contains(mark), "it ended late")
    }
}
