import Buffers
package import Collectives
package import Corpus
package import Execution

/// The share of questions whose right answer a model finds the likeliest of those that are offered.
///
/// As lm-evaluation-harness (`acc` and `acc_norm`) does it: the log-likelihood of each choice behind the prompt, as it
/// is and divided by the choice's length; here in bytes of UTF-8, there in characters, which is the same for ASCII.
package enum MultipleChoice {
    /// What a model finds of one question.
    package struct Verdict: Sendable, Equatable, Codable {
        /// The question's number, from 0.
        package var number: Int
        /// Nats of each choice: minus its log-likelihood.
        package var nats: [Double]
        /// The likeliest choice, the first of several.
        package var choice: Int
        /// The likeliest for its length.
        package var choiceByLength: Int
        /// Tokens of the right choice.
        package var answerTokens: Int
    }

    /// Weighs the choices of all questions, spread over the ranks; the result does not depend on how.
    ///
    /// - Parameters:
    ///   - questions: the same on every rank.
    ///   - runner: fits `tokens` tokens, and each choice alone.
    /// - Returns: all verdicts in the order of the questions on the coordinator; nil elsewhere.
    /// - Throws: `InputError` where a loss is not finite.
    package static func verdicts(
        on questions: [ChoiceQuestion], runner: ModelRunner, tokens: Int, communicator: any Communicator
    ) throws -> [Verdict]? {
        let verdicts = try communicator.agree {
            let mine = questions.indices.filter { $0 % communicator.size == communicator.rank }
            var set = ExampleSet()
            for number in mine {
                for example in questions[number].examples { set.append(example) }
            }
            let losses = try losses(of: set, runner: runner, tokens: tokens)
            var next = losses[...]
            return try mine.map { number in
                let count = questions[number].examples.count
                defer { next = next.dropFirst(count) }
                return try verdict(number, questions[number].row, Array(next.prefix(count)))
            }
        }
        return try communicator.gatherValues(verdicts)?.flatMap { $0 }.sorted { $0.number < $1.number }
    }

    private static func losses(of set: ExampleSet, runner: ModelRunner, tokens: Int) throws -> [ExactLoss] {
        guard set.count > 0 else { return [] }
        let longest = (0..<set.count).map(set.length(of:)).max() ?? 0
        let room = try BatchRoom(tokenCapacity: tokens)
        return try MicroBatch.inOrder(Array(0..<set.count), of: set, microBatchSize: max(1, tokens / longest)).flatMap {
            try runner.evaluateSequences(room.batch($0, of: set))
        }
    }

    private static func verdict(_ number: Int, _ row: MultipleChoiceRow, _ losses: [ExactLoss]) throws -> Verdict {
        let nats = losses.map(\.total)
        guard nats.allSatisfy(\.isFinite) else {
            throw InputError(.data, "the model gives a loss that is not finite", remedy: "check the weights")
        }
        let byLength = zip(nats, row.choices).map { $0 / Double($1.utf8.count) }
        return Verdict(
            number: number, nats: nats, choice: least(nats), choiceByLength: least(byLength),
            answerTokens: Int(losses[row.answer].tokens))
    }

    private static func least(_ values: [Double]) -> Int {
        values.indices.reduce(0) { values[$1] < values[$0] ? $1 : $0 }
    }
}
