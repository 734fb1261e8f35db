import Buffers
import Collectives
import Corpus
import Evaluation
import Foundation
import Testing
import Tokenizers

@Suite("Exact match")
struct ExactMatchTests {
    @Test(
        "The last run of labels is the answer, and all before it the prompt",
        arguments: [
            ([-100, -100, 7, 8], [5, 6], [7, 8]), ([-100, 6, -100, 8], [5, 6, 7], [8]),
            ([-100, 6, 7, -100], [5], [6, 7]), ([5, -100, -100, 8], [5, 6, 7], [8]),
        ] as [([Int32], [Int32], [Int32])])
    func questions(labels: [Int32], prompt: [Int32], answer: [Int32]) throws {
        var set = ExampleSet()
        set.append(Example(ids: [5, 6, 7, 8], labels: labels))
        let question = try Question(0, of: set, file: "rows")
        #expect(question.prompt == prompt && question.answer == answer)
    }

    @Test("A row without a prompt is refused with its number")
    func noPrompt() {
        var set = ExampleSet()
        set.append(Example(ids: [5, 6], labels: [-100, 6]))
        set.append(Example(ids: [5, 6], labels: [5, 6]))
        let error = #expect(throws: InputError.self) { _ = try Question(1, of: set, file: "rows") }
        #expect(error?.file == "rows" && error?.place == "row 2")
    }

    /// Half of the questions ask for what the model says, blanks around it; the other half for something else.
    @Test("Right answers are counted, the same on any number of ranks", arguments: [1, 2, 3])
    func accuracy(ranks: Int) throws {
        let answers = try InProcessWorld.run(size: ranks) { communicator -> [ExactMatch.Answer]? in
            let tiny = try TinyModel()
            var said: [Int: [Int32]] = [:]
            try tiny.generator().run(tiny.requests(9, newTokens: 6)) { said[$0.number] = $0.ids }
            let path = temporaryPath()
            defer { try? FileManager.default.removeItem(atPath: path) }
            var set = ExampleSet()
            for request in try tiny.requests(9, newTokens: 6) {
                let right = said[request.number] ?? []
                let answer =
                    request.number % 2 == 0 && !right.isEmpty
                    ? right
                    : tiny.tokenizer.encode(
                        "something else", addSpecialTokens: false)
                let ids = request.prompt + answer
                set.append(
                    Example(ids: ids, labels: [Int32](repeating: -100, count: request.prompt.count) + answer))
            }
            let questions = try (0..<9).map { try Question($0, of: set, file: path) }
            return try ExactMatch.answers(
                to: questions, generator: tiny.generator(), tokenizer: tiny.tokenizer, end: tiny.model.endOfText(),
                maximumNewTokens: 6, communicator: communicator)
        }
        let all = try #require(answers[0])
        #expect(answers.dropFirst().allSatisfy { $0 == nil })
        #expect(all.map(\.number) == Array(0..<9))
        for answer in all {
            if answer.expected == "something else" { #expect(!answer.isCorrect) }
        }
        #expect(all.contains { $0.isCorrect })
        #expect(all.contains { !$0.isCorrect })
    }

    @Test("The share of the commonest answer is what always giving it scores")
    func commonest() {
        #expect(ExactMatch.commonestShare(of: ["a", "b", "a", "c"]) == 0.5)
        #expect(ExactMatch.commonestShare(of: [Int]()) == 0)
    }

    @Test("Positions are those of the longest prompt, and no more than the context")
    func limits() throws {
        let limits = GenerationLimits(contextSize: 10)
        #expect(try limits.positions(prompts: [[1], [1, 2, 3]], newTokens: 4) { _ in (nil, nil) } == 7)
        #expect(try limits.positions(prompts: [[1], [1, 2, 3]], newTokens: .max) { _ in (nil, nil) } == 10)
        for prompt in [[], [Int32](repeating: 1, count: 10)] {
            let error = #expect(throws: InputError.self) {
                _ = try limits.positions(prompts: [[1], prompt], newTokens: 4) { ("file", "line \($0)") }
            }
            #expect(error?.place == "line 1" && error?.remedy != nil)
        }
    }
}
