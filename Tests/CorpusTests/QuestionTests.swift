import Corpus
import Testing

@Suite struct QuestionTests {
    private func rows(_ text: String) throws -> [MultipleChoiceRow] {
        let file = try RowText(text)
        return try RowFile(path: file.path).multipleChoiceRows()
    }

    private func error(_ text: String) throws -> String {
        let file = try RowText(text)
        do {
            _ = try RowFile(path: file.path).multipleChoiceRows()
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

    @Test("Prompts are read with and without a completion, and the first row says what a file holds")
    func prompts() throws {
        let file = try RowText("{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"c\"}\n")
        let read = RowFile(path: file.path)
        #expect(try read.promptRows() == [PromptRow(prompt: "a", completion: "b"), PromptRow(prompt: "c")])
        #expect(try read.holdsCompletions() && !read.holdsMultipleChoice())
        let choices = try RowText(#"[{"choices": 1}]"#)
        #expect(try RowFile(path: choices.path).holdsMultipleChoice())
        let empty = try RowText("[]")
        #expect(throws: (any Error).self) { try RowFile(path: empty.path).holdsCompletions() }
    }
}
