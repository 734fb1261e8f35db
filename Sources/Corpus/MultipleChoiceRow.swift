/// A question with answers to choose from: `{"prompt" or "question", "choices": [text…], "answer"}`.
package struct MultipleChoiceRow: Equatable, Sendable {
    package var prompt: String
    /// Two at least, none of them empty, no two alike.
    package var choices: [String]
    /// The number of the right choice, from 0.
    package var answer: Int

    package init(prompt: String, choices: [String], answer: Int) {
        precondition(choices.indices.contains(answer))
        self.prompt = prompt
        self.choices = choices
        self.answer = answer
    }
}

extension MultipleChoiceRow {
    private static let fields = ["prompt", "choices", "answer"]
    private static let kind = "multiple choice"

    init(_ row: Row) throws {
        guard row["prompt"] == nil || row["question"] == nil else {
            throw row.failure("has both prompt and question", remedy: "keep one of them")
        }
        let name = row["question"] == nil ? "prompt" : "question"
        prompt = try row.text(name, of: Self.kind, with: Self.fields)
        choices = try Self.choices(row)
        answer = try Self.answer(row, choices)
    }

    private static func choices(_ row: Row) throws -> [String] {
        guard let values = row["choices"]?.list else {
            throw row.missing("choices", "a list of texts", of: kind, with: fields)
        }
        let choices = try values.enumerated().map { number, value in
            guard let text = value.text, !text.isEmpty else {
                let found = value.text == nil ? value.found : "an empty one"
                throw row.failure("choices[\(number)] must be text, found \(found)")
            }
            return text
        }
        guard choices.count >= 2 else {
            throw row.failure("has \(choices.count) choices", remedy: "a question has two at least")
        }
        guard Set(choices).count == choices.count else {
            throw row.failure("has the same choice twice", remedy: "every choice stands there once")
        }
        return choices
    }

    /// The answer is a number from 0, the text of a choice, or its letter from A; a text comes before a letter.
    private static func answer(_ row: Row, _ choices: [String]) throws -> Int {
        let remedy = "answer is a number from 0 to \(choices.count - 1), the text of a choice, or its letter from A"
        switch row.fields["answer"] {
        case .number(let digits):
            guard let index = Int(digits), choices.indices.contains(index) else {
                throw row.failure(
                    "answer is \(digits.prefix(20)), and there are \(choices.count) choices", remedy: remedy)
            }
            return index
        case .text(let text):
            if let index = choices.firstIndex(of: text) { return index }
            if let letter = text.utf8.first, text.utf8.count == 1, letter >= 0x41, Int(letter) - 0x41 < choices.count {
                return Int(letter) - 0x41
            }
            throw row.failure("answer is none of the choices", remedy: remedy)
        default: throw row.missing("answer", "a number or text", of: kind, with: fields)
        }
    }
}
