import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Foundation
import Kernels
import Testing
import Tokenizers

@Suite("Multiple choice")
struct MultipleChoiceTests {
    private static let rows = """
        {"prompt": "RECIPE: onions", "choices": [" soup", " soup, serves 7. Ingredients:", "zzz"], "answer": 0}
        {"prompt": "The", "choices": [" dog", " xqj"], "answer": " xqj"}

        {"prompt": "(1) Chop the", "choices": [" onions.", " qqqq", " one"], "answer": "C"}
        """

    private func questions(_ tiny: TinyModel, _ text: String, limit: Int? = nil) throws -> [ChoiceQuestion] {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RowFile(path: path).choiceQuestions(
            encoder: tiny.tokenizer, vocabularySize: 512, contextSize: 40, limit: limit)
    }

    @Test(
        "The likelihood of a choice is that of its tokens behind the prompt, on any number of ranks", arguments: 1...4)
    func likelihoods(ranks: Int) throws {
        let verdicts = try InProcessWorld.run(size: ranks) { communicator -> [MultipleChoice.Verdict]? in
            let tiny = try TinyModel()
            let runner = try tiny.model.runner(
                tokens: 48, longestSequence: 40, training: false, context: tiny.context, compute: .fp32)
            return try MultipleChoice.verdicts(
                on: questions(tiny, Self.rows), runner: runner, tokens: 48, communicator: communicator)
        }
        let found = try #require(verdicts[0])
        #expect(found.map(\.number) == [0, 1, 2])
        let tiny = try TinyModel()
        for (verdict, question) in zip(found, try questions(tiny, Self.rows)) {
            let expected = try question.examples.map { try nats(of: $0, tiny) }
            for (one, other) in zip(verdict.nats, expected) { #expect(abs(one - other) < 1e-4 * max(1, other)) }
            let likeliest = expected.indices.min { expected[$0] < expected[$1] }
            #expect(verdict.choice == likeliest)
            let byLength = zip(expected, question.row.choices).map { $0 / Double($1.utf8.count) }
            let likeliestByLength = byLength.indices.min { byLength[$0] < byLength[$1] }
            #expect(verdict.choiceByLength == likeliestByLength)
        }
        #expect(found[0].choice != found[0].choiceByLength, "the length changes nothing")
    }

    /// From the logits, by the definition.
    private func nats(of example: Example, _ tiny: TinyModel) throws -> Double {
        var set = ExampleSet()
        set.append(example)
        let runner = try tiny.model.runner(
            tokens: 64, longestSequence: 64, training: false, context: tiny.context, compute: .fp32)
        let room = try BatchRoom(tokenCapacity: 64)
        var total = 0.0
        let batch = room.batch(MicroBatch.inOrder([0], of: set, microBatchSize: 1)[0], of: set)
        try runner.logits(batch) { range, logits in
            for row in 0..<logits.rows {
                let target = range.lowerBound + row + 1
                guard target < example.labels.count, example.labels[target] >= 0 else { continue }
                let values = logits.row(row).map(Double.init)
                total += log(values.reduce(0) { $0 + exp($1) }) - values[Int(example.labels[target])]
            }
        }
        return total
    }

    @Test("A limit leaves the first questions")
    func limit() throws {
        #expect(try questions(TinyModel(), Self.rows, limit: 2).map(\.row.answer) == [0, 1])
    }

    @Test("A file without a question is refused")
    func noQuestion() throws {
        let tiny = try TinyModel()
        let error = #expect(throws: InputError.self) { _ = try questions(tiny, "[]") }
        #expect(error?.kind == .data)
    }

    @Test("A question longer than the context is refused with its line and choice")
    func tooLong() throws {
        let long = String(repeating: " onions", count: 40)
        let error = #expect(throws: InputError.self) {
            _ = try questions(
                TinyModel(), Self.rows + "\n{\"prompt\":\"a\",\"choices\":[\"b\",\"\(long)\"],\"answer\":0}")
        }
        #expect(error?.place == "line 5" && error?.message.contains("choices[1]") == true)
    }
}
