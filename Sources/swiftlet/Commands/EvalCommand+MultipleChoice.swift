import Architectures
import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Kernels
import Reporting
import Tokenizers

extension EvalCommand {
    func measureMultipleChoice() throws {
        let report = RankedRun.run { communicator -> MultipleChoiceReport? in
            let start = ContinuousClock().now
            let (model, context) = try options.open(self.model, communicator: communicator, isShared: false)
            let questions = try communicator.agree { try self.questions(for: model) }
            let longest = questions.flatMap(\.examples).map(\.ids.count).max() ?? 2
            let tokens = max(Self.batchTokens, longest)
            let runner = try communicator.agree {
                try model.runner(
                    tokens: tokens, longestSequence: longest, training: false, context: context,
                    compute: options.compute)
            }
            let verdicts = try MultipleChoice.verdicts(
                on: questions, runner: runner, tokens: tokens, communicator: communicator)
            return try communicator.agree {
                guard let verdicts else { return nil }
                let lines = verdicts.map { ChoiceLine($0, questions[$0.number].row) }
                if let output { try LineFile.write(lines, to: output) }
                return MultipleChoiceReport(
                    verdicts, questions.map(\.row), seconds: start.duration(to: ContinuousClock().now).seconds)
            }
        }
        guard let report else { return }
        if json { return try Console.print(json: report) }
        Console.print(
            "accuracy \(Wording.percent(report.accuracy)), by length \(Wording.percent(report.accuracy_norm)): "
                + "\(Wording.count(report.correct)) of \(Wording.plural(report.total, "answer")) right (always the "
                + "commonest one: \(Wording.percent(report.commonest_answer_share))), "
                + Wording.duration(report.seconds))
    }

    private func questions(for model: LoadedModel) throws -> [ChoiceQuestion] {
        guard let tokenizer = model.tokenizer else { throw LoadedModel.needsTokenizer(self.model) }
        return try RowFile(path: data).choiceQuestions(
            encoder: tokenizer, vocabularySize: model.architecture.vocabularySize,
            contextSize: model.architecture.maximumPositions, limit: limit)
    }
}

private struct MultipleChoiceReport: Encodable {
    let task = EvalCommand.Task.multipleChoice.rawValue
    let accuracy: Double
    let accuracy_norm: Double
    let correct: Int
    let total: Int
    /// Nats a token of the right choices.
    let loss: Double
    let commonest_answer_share: Double
    let seconds: Double
    let peak_rss_bytes: Int

    init(_ verdicts: [MultipleChoice.Verdict], _ rows: [MultipleChoiceRow], seconds: Double) {
        let answers = rows.map(\.answer)
        total = verdicts.count
        correct = zip(verdicts, answers).count { $0.choice == $1 }
        accuracy = Double(correct) / Double(max(1, total))
        accuracy_norm = Double(zip(verdicts, answers).count { $0.choiceByLength == $1 }) / Double(max(1, total))
        let nats = zip(verdicts, answers).reduce(0.0) { $0 + $1.0.nats[$1.1] }
        loss = nats / Double(max(1, verdicts.reduce(0) { $0 + $1.answerTokens }))
        commonest_answer_share = ExactMatch.commonestShare(of: answers)
        self.seconds = seconds
        peak_rss_bytes = ProcessMemory().peakResidentBytes
    }
}

/// A line of --output.
private struct ChoiceLine: Encodable {
    let row: Int
    let prompt: String
    let expected: String
    let got: String
    let got_norm: String
    let log_likelihoods: [Double]
    let correct: Bool

    init(_ verdict: MultipleChoice.Verdict, _ question: MultipleChoiceRow) {
        row = verdict.number
        prompt = question.prompt
        expected = question.choices[question.answer]
        got = question.choices[verdict.choice]
        got_norm = question.choices[verdict.choiceByLength]
        log_likelihoods = verdict.nats.map { -$0 }
        correct = verdict.choice == question.answer
    }
}
