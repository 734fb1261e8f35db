import Buffers
import Corpus
import Foundation
import Testing
import Tokenizers

@Suite("Prompts of a file")
struct PromptTests {
    private func prompts(_ text: String, layout: ChatLayout? = nil) throws -> [String] {
        let path = NSTemporaryDirectory() + "swiftlet-prompts-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RowFile(path: path)
            .prompts(encoder: CharacterEncoder(), layout: layout, vocabularySize: 1 << 21)
            .map { "\($0.line) \(CharacterEncoder().decode($0.ids))" }
    }

    @Test("A prompt, a text, ids or a conversation is continued; what follows a prompt is not read")
    func kinds() throws {
        let rows = """
            {"prompt": "abc", "completion": "d"}

            {"text": "de"}
            {"input_ids": [102, 103]}
            """
        #expect(try prompts(rows) == ["1 abc", "3 de", "4 fg"])
        #expect(try prompts("[{\"prompt\": \"a\"},\n {\"prompt\": \"b\"}]") == ["1 a", "2 b"])
    }

    @Test("With a layout a text is what a user says")
    func user() throws {
        let laidOut = "1 <|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n"
        #expect(try prompts("{\"prompt\": \"abc\"}", layout: .chatml) == [laidOut])
        #expect(try prompts("{\"text\": \"abc\"}", layout: .chatml) == [laidOut])
    }

    /// What is generated from has to be what was trained on, to the last character before the answer.
    @Test("Of a conversation the last answer is asked for, whether it is there or not", arguments: ChatLayout.allCases)
    func conversations(layout: ChatLayout) throws {
        let start = """
            {"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}, \
            {"role": "user", "content": "v"}
            """
        let open = "{\"messages\": [\(start)]}"
        let answered = "{\"messages\": [\(start), {\"role\": \"assistant\", \"content\": \"b\"}]}"
        let expected = try prompts(open, layout: layout)
        #expect(try prompts(answered, layout: layout) == expected)
        var loader = CorpusLoader(encoder: CharacterEncoder())
        loader.chatLayout = layout
        let path = NSTemporaryDirectory() + "swiftlet-prompts-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try answered.write(toFile: path, atomically: true, encoding: .utf8)
        let example = try loader.load([CorpusSource(path: path)]).examples[0]
        let last = try #require(example.labels.lastIndex { $0 != ExampleSet.ignored })
        let border = try #require(example.labels[..<last].lastIndex { $0 == ExampleSet.ignored })
        #expect("1 " + CharacterEncoder().decode(Array(example.ids[...border])) == expected[0])
        #expect(try prompts("{\"instruction\": \"v\"}", layout: layout).count == 1)
    }

    @Test(
        "What is no prompt is refused with its line",
        arguments: [
            ("{\"prompt\": \"a\"}\n{\"answer\": \"b\"}", "line 2"), ("{\"prompt\": 7}", "line 1"),
            ("{\"messages\": [{\"role\": \"user\", \"content\": \"u\"}]}", "line 1"),
            ("{\"input_ids\": [-1]}", "line 1"),
        ])
    func refusals(rows: String, place: String) throws {
        let error = #expect(throws: InputError.self) { _ = try prompts(rows) }
        #expect(error?.kind == .data && error?.place == place)
    }
}
