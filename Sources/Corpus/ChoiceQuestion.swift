import Buffers

/// A row of multiple choice, and each of its choices behind the prompt as an example whose labels are the choice.
package struct ChoiceQuestion: Equatable, Sendable {
    package var row: MultipleChoiceRow
    package var examples: [Example]
}

extension RowFile {
    /// All questions of a file of multiple choice, in order. A choice follows the prompt as it stands: a blank between
    /// them belongs to one of the two.
    ///
    /// - Parameters:
    ///   - encoder: the model's tokenizer.
    ///   - vocabularySize: ids must be below it.
    ///   - contextSize: most ids of a prompt and a choice together.
    ///   - limit: reads this many questions at most.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong.
    package func choiceQuestions(
        encoder: any TextEncoder, vocabularySize: Int, contextSize: Int, limit: Int?
    ) throws -> [ChoiceQuestion] {
        let loader = CorpusLoader(encoder: encoder, vocabularySize: vocabularySize)
        let maker = ExampleMaker(loader: loader, kind: .promptCompletion)
        var questions: [ChoiceQuestion] = []
        try forEach { row in
            guard questions.count < limit ?? Int.max else { return }
            let question = try MultipleChoiceRow(row)
            let examples = try question.choices.enumerated().map { number, choice in
                let fields = ["prompt": RowValue.text(question.prompt), "completion": .text(choice)]
                let example = try maker.example(Row(fields: fields, file: row.file, line: row.line))
                try check(example, "choices[\(number)]", contextSize, row)
                return example
            }
            questions.append(ChoiceQuestion(row: question, examples: examples))
        }
        guard !questions.isEmpty else {
            throw InputError(.data, file: path, "has no question", remedy: "a row is one JSON object on one line")
        }
        return questions
    }

    private func check(_ example: Example, _ choice: String, _ contextSize: Int, _ row: Row) throws {
        guard example.ids.count <= contextSize else {
            throw row.failure(
                "has \(example.ids.count) tokens with \(choice), the context has \(contextSize)",
                remedy: "shorten the prompt, or use a model with a longer context")
        }
        guard example.labels.first == ExampleSet.ignored, example.labels.last != ExampleSet.ignored else {
            throw row.failure(
                "has no token in the prompt or in \(choice)", remedy: "neither may be empty for this tokenizer")
        }
    }
}
