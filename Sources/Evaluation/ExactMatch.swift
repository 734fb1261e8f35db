import Buffers
package import Collectives
import Execution
import Foundation
package import Tokenizers

/// The share of questions that a model answers to the letter.
package enum ExactMatch {
    /// What a model said to one question; texts without blanks around them.
    package struct Answer: Sendable, Equatable, Codable {
        /// The question's number, from 0.
        package var number: Int
        package var prompt: String
        package var expected: String
        package var got: String

        package var isCorrect: Bool { got == expected }
    }

    /// Asks all questions, spread over the ranks; the answers do not depend on how.
    ///
    /// - Parameters:
    ///   - questions: the same on every rank.
    ///   - generator: this rank's, with room for each question alone.
    ///   - progress: called on every rank with the number of questions that it has an answer to.
    /// - Returns: all answers in the order of the questions on the coordinator; nil elsewhere.
    package static func answers(
        to questions: [Question], generator: Generator, tokenizer: Tokenizer, end: TextEnd,
        maximumNewTokens: Int, communicator: any Communicator, progress: (Int) -> Void = { _ in }
    ) throws -> [Answer]? {
        let mine = questions.enumerated().filter { $0.offset % communicator.size == communicator.rank }
        let answers = try communicator.agree {
            var answers: [Answer] = []
            let requests = mine.map { index, question in
                GenerationRequest(number: index, prompt: question.prompt, maximumNewTokens: maximumNewTokens)
            }
            try generator.run(requests) { generation in
                let question = questions[generation.number]
                answers.append(
                    Answer(
                        number: question.number, prompt: tokenizer.decode(question.prompt, skipSpecialTokens: true),
                        expected: text(question.answer, tokenizer, end), got: text(generation.ids, tokenizer, end)))
                progress(answers.count)
            }
            return answers
        }
        return try communicator.gatherValues(answers)?.flatMap { $0 }.sorted { $0.number < $1.number }
    }

    /// The ids as text, without what ends it and without blanks around it.
    private static func text(_ ids: [Int32], _ tokenizer: Tokenizer, _ end: TextEnd) -> String {
        let count = ids.lastIndex { !end.ids.contains($0) }.map { $0 + 1 } ?? 0
        return end.cut(tokenizer.decode(Array(ids[..<count]), skipSpecialTokens: true))
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The share of the answer that is expected most often: what always giving that one would score.
    package static func commonestShare(of expected: [some Hashable]) -> Double {
        let counts = Dictionary(expected.map { ($0, 1) }, uniquingKeysWith: +)
        return Double(counts.values.max() ?? 0) / Double(max(1, expected.count))
    }
}
