import Corpus
import Testing

@Suite struct QuestionTests {
    private func rows(_ text: String) throws -> [MultipleChoiceRow] {
        let file = try RowText(text)
        return try rows(file)
    }

    private func rows(_ file: RowText) throws -> [MultipleChoiceRow] {
        try RowFile(path: file.path)
            .choiceQuestions(encoder: LetterEncoder(), vocabularySize: 300, contextSize: 1000, limit: nil).map(\.row)
    }

    private func error(_ text: String) throws -> String {
        let file = try RowText(text)
        do {
            _ = try rows(file)
            return "read"
        } catch {
            return "\(error)".replacing(file.path + ": ", with: "")
        }
    }

    @Test("The right choice is named by number, by text or by letter")
    func answers() throws {
        let rows = try rows(
            """
            {"prompt": "p", "choices": ["x", "y", "z"], "answer": 2}
            {"question": "q", "choices": ["x", "y"], "answer": "y", "subject": {"name": 1}}
            {"question": "q", "choices": ["x", "y"], "answer": "A", "prompt": null}
            {"question": "q", "choices": ["B", "A"], "answer": "A"}
            """)
        #expect(rows.map(\.prompt) == ["p", "q", "q", "q"])
        #expect(rows.map(\.answer) == [2, 1, 0, 1])
        #expect(rows[0].choices == ["x", "y", "z"])
        #expect(try self.rows(#"[{"prompt": "", "choices": ["x", "y"], "answer": 0}]"#).count == 1)
    }

    @Test(
        "A wrong question is refused with its line",
        arguments: [
            (
                #"{"prompt": "p", "choices": ["x", "y"], "answer": 2}"#,
                "answer is 2, and there are 2 choices; answer is a number from 0 to 1, the text of a choice, or its "
                    + "letter from A"
            ),
            (
                #"{"prompt": "p", "choices": ["x", "y"], "answer": "C"}"#,
                "answer is none of the choices; answer is a number from 0 to 1, the text of a choice, or its letter "
                    + "from A"
            ),
            (
                #"{"prompt": "p", "choices": ["x", "y"]}"#,
                "has no field answer; rows of type multiple choice have prompt and choices and answer"
            ),
            (
                #"{"prompt": "p", "choices": ["x", "y"], "answer": [0]}"#,
                "answer must be a number or text, found a list"
            ),
            (#"{"prompt": "p", "choices": ["x", 2], "answer": 0}"#, "choices[1] must be text, found 2"),
            (#"{"prompt": "p", "choices": ["x", ""], "answer": 0}"#, "choices[1] must be text, found an empty one"),
            (#"{"prompt": "p", "choices": ["x"], "answer": 0}"#, "has 1 choices; a question has two at least"),
            (
                #"{"prompt": "p", "choices": ["x", "x"], "answer": 0}"#,
                "has the same choice twice; every choice stands there once"
            ),
            (#"{"prompt": "p", "choices": "x", "answer": 0}"#, "choices must be a list of texts, found text"),
            (
                #"{"choices": ["x", "y"], "answer": 0}"#,
                "has no field prompt; rows of type multiple choice have prompt and choices and answer"
            ),
            (
                #"{"prompt": "p", "question": "q", "choices": ["x", "y"], "answer": 0}"#,
                "has both prompt and question; keep one of them"
            ),
        ])
    func refuses(row: String, message: String) throws {
        let good = #"{"prompt": "p", "choices": ["x", "y"], "answer": 0}"#
        #expect(try error("\(good)\n\(row)\n\(good)") == "line 2: \(message)")
        #expect(try error("[\(good),\n\n\(row),\n\(good)]") == "line 3: \(message)")
    }
}
