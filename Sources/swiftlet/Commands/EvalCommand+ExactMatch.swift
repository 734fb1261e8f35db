import Architectures
import Buffers
import Collectives
import Evaluation
import Execution
import Kernels
import Reporting
import Tokenizers

extension EvalCommand {
    func measureExactMatch() throws {
        let report = RankedRun.run { communicator -> ExactMatchReport? in
            let start = ContinuousClock().now
            let (model, context) = try options.open(self.model, communicator: communicator, isShared: false)
            let (set, numbers) = try rows(for: model, sequenceLength: nil, communicator: communicator)
            let questions = try communicator.agree { try numbers.map { try Question($0, of: set, file: data) } }
            let answers = try answers(to: questions, model, context, communicator)
            return try communicator.agree {
                guard let answers else { return nil }
                if let output { try LineFile.write(answers.map(AnswerLine.init), to: output) }
                return ExactMatchReport(answers, seconds: start.duration(to: ContinuousClock().now).seconds)
            }
        }
        guard let report else { return }
        if json { return try Console.print(json: report) }
        Console.print(
            "accuracy \(Wording.percent(report.accuracy)): \(Wording.count(report.correct)) of "
                + "\(Wording.plural(report.total, "answer")) right (always the commonest one: "
                + "\(Wording.percent(report.commonest_answer_share))), \(Wording.duration(report.seconds))")
    }

    /// What the model says, on the coordinator; nil elsewhere.
    private func answers(
        to questions: [Question], _ model: LoadedModel, _ context: KernelContext, _ communicator: any Communicator
    ) throws -> [ExactMatch.Answer]? {
        let longestAnswer = questions.map(\.answer.count).max() ?? 0
        let newTokens = maxNewTokens ?? 2 * longestAnswer + 16
        let end = model.endOfText(chatTemplate)
        let (generator, tokenizer) = try communicator.agree {
            guard let tokenizer = model.tokenizer else { throw LoadedModel.needsTokenizer(self.model) }
            let positions = try GenerationLimits(contextSize: model.architecture.maximumPositions)
                .positions(prompts: questions.map(\.prompt), newTokens: newTokens) { number in
                    (data, "row \(questions[number].number + 1)")
                }
            let generator = try model.generator(
                count: questions.count.dividedRoundingUp(by: communicator.size), positions: positions,
                batchSize: batchSize, sampling: .greedy, end: end, context: context, compute: options.compute)
            return (generator, tokenizer)
        }
        var progress = RowProgress(rows: questions.count)
        return try ExactMatch.answers(
            to: questions, generator: generator, tokenizer: tokenizer, end: end, maximumNewTokens: newTokens,
            communicator: communicator
        ) { done in
            // The other ranks are about as far.
            if communicator.isCoordinator { progress.report(done * communicator.size) }
        }
    }
}

private struct ExactMatchReport: Encodable {
    let task = EvalCommand.Task.exactMatch.rawValue
    let accuracy: Double
    let correct: Int
    let total: Int
    let commonest_answer_share: Double
    let seconds: Double
    let peak_rss_bytes: Int

    init(_ answers: [ExactMatch.Answer], seconds: Double) {
        total = answers.count
        correct = answers.count(where: \.isCorrect)
        accuracy = Double(correct) / Double(max(1, total))
        commonest_answer_share = ExactMatch.commonestShare(of: answers.map(\.expected))
        self.seconds = seconds
        peak_rss_bytes = ProcessMemory().peakResidentBytes
    }
}

/// A line of --output.
private struct AnswerLine: Encodable {
    let row: Int
    let prompt: String
    let expected: String
    let got: String
    let correct: Bool

    init(_ answer: ExactMatch.Answer) {
        row = answer.number
        prompt = answer.prompt
        expected = answer.expected
        got = answer.got
        correct = answer.isCorrect
    }
}
