import Corpus
import Foundation
import Testing
import Tokenizers

@Suite struct ConversationTests {
    /// The row as ChatML, what is learned in brackets.
    private func laidOut(_ text: String, _ kind: RowKind? = nil, as layout: ChatLayout = .chatml) throws -> [String] {
        let file = try RowText(text)
        return try check(kind, as: layout).report(on: file.path).samples.map(\.marked)
    }

    private func check(_ kind: RowKind? = nil, as layout: ChatLayout = .chatml) -> CorpusCheck {
        var loader = CorpusLoader(encoder: CharacterEncoder())
        loader.chatLayout = layout
        return CorpusCheck(
            loader: loader, kind: kind, countsCharacters: true, sampleCount: 10, decode: CharacterEncoder().decode)
    }

    @Test("A row of alpaca is a question with its input, and an answer")
    func alpaca() throws {
        let row = #"{"instruction": "Add.", "input": "1 2", "output": "3"}"#
        let text = "<|im_start|>user\nAdd.\n1 2<|im_end|>\n<|im_start|>assistant\n[3<|im_end|>]\n"
        #expect(try laidOut(row) == [text])
        #expect(try laidOut("[\(row)]") == [text])
        let more =
            #"{"instruction": "", "input": "q", "output": "a", "system": "s", "history": [["x", "y"]], "tools": []}"#
        #expect(
            try laidOut(more) == [
                "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n[y<|im_end|>]\n"
                    + "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n[a<|im_end|>]\n"
            ])
        let bare = #"{"instruction": "q", "output": "a", "input": null, "system": "", "history": null}"#
        #expect(try laidOut(bare, .alpaca, as: .llama3)[0].hasSuffix("<|end_header_id|>\n\n[a<|eot_id|>]"))
    }

    @Test("The names of LLaMA-Factory, axolotl and OpenAI stand for the same turns")
    func names() throws {
        let rows = [
            """
            {"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", \
            "value": "{\\"name\\": \\"f\\", \\"arguments\\": {\\"x\\": 1.50}}"}, {"from": "observation", "value": "r"}, \
            {"from": "gpt", "value": "a"}], "system": "s", "tools": "[{\\"name\\": \\"f\\"}]"}
            """,
            """
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", \
            "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", \
            "arguments": "{\\"x\\": 1.50}"}}]}, {"role": "tool", "tool_call_id": "1", "content": "r"}, \
            {"role": "assistant", "content": "a"}], "tools": [{"type": "function", "function": {"name": "f"}}]}
            """,
            """
            {"messages": [{"role": "developer", "content": "s"}, {"role": "human", "content": [{"type": "text", \
            "text": "q"}]}, {"role": "assistant", "content": [{"type": "tool_call", "value": \
            "{\\"name\\": \\"f\\", \\"arguments\\": {\\"x\\": 1.50}}"}]}, {"role": "tool_response", "content": "r"}, \
            {"role": "gpt", "content": [{"type": "text", "value": "a"}]}], "tools": {"name": "f"}}
            """,
        ]
        let texts = try rows.flatMap { try laidOut($0) }
        #expect(texts.count == 3 && Set(texts).count == 1)
        #expect(texts[0].contains(#"{"type": "function", "function": {"name": "f"}}"#))
        #expect(
            texts[0].contains(
                "[<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1.50}}\n</tool_call><|im_end|>]\n<|im_start|>user\n"
                    + "<tool_response>\nr\n</tool_response><|im_end|>\n<|im_start|>assistant\n[a<|im_end|>]\n"))
        let switched = rows[0].replacing("conversations", with: "messages")
        #expect(try laidOut(switched, .sharegpt) == [texts[0]])
    }

    @Test("JSON in a row is written as Python writes it, numbers as they stood")
    func json() throws {
        let tool = #"{"name": "f", "x": {"b": [], "a": {}, "c": [1, -2.50, 1e5, true, null, "é\n\u0001\"\\/"]}}"#
        let row =
            #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": [\#(tool)]}"#
        let line = #"{"name": "f", "x": {"b": [], "a": {}, "c": [1, -2.50, 1e5, true, null, "é\n\u0001\"\\/"]}}"#
        #expect(try laidOut(row)[0].contains("\n{\"type\": \"function\", \"function\": \(line)}\n"))
        let indented = """
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "x": {
                        "b": [],
                        "a": {},
                        "c": [
                            1,
                            -2.50,
            """
        #expect(try laidOut(row, as: .llama3)[0].contains(indented))
    }

    @Test("Weights say what is learned, under any of their names")
    func weights() throws {
        func texts(_ first: String, _ second: String) throws -> String {
            try laidOut(
                #"{"messages": [{"role": "user", "content": "q"\#(first)}, {"role": "assistant", "content": "a"\#(second)}]}"#
            )[0].replacing("<|im_start|>", with: "").replacing("<|im_end|>", with: ".").replacing("\n", with: " ")
        }
        #expect(try texts("", "") == "user q. assistant [a.] ")
        for no in [
            #", "loss_weight": 0.0"#, #", "weight": 0"#, #", "train": false"#, #", "training": false, "weight": 0"#,
        ] {
            #expect(try texts("", no) == "user q. assistant a. ")
        }
        #expect(try texts(#", "loss_weight": 1.0"#, #", "train": null"#) == "user [q.] assistant [a.] ")
        let parts = #"[{"type": "text", "text": "x", "loss_weight": 0}, {"type": "text", "text": "y"}]"#
        let row = #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": \#(parts)}]}"#
        #expect(try laidOut(row)[0].hasSuffix("assistant\nx[y<|im_end|>]\n"))
    }

    @Test("With train_on_inputs everything is learned but what says it is not")
    func trainOnInputs() throws {
        let text =
            #"{"messages": [{"role": "user", "content": "q", "weight": 0}, {"role": "assistant", "content": "a"}]}"#
        var loader = CorpusLoader(encoder: LetterEncoder(), trainsOnInputs: true)
        loader.chatLayout = .llama3
        let example = try RowText(text).examples(nil, loader)[0]
        #expect(example.labels.count { $0 == ExampleSet.ignored } == "q<|eot_id|>".count)
        #expect(example.ids.first == 1)
    }

    @Test(
        "The order of turns is put up with where a layout can write it",
        arguments: ["ga", "uua", "uaa", "uau", "sua", "uacoa", "uaoa", "ucooa", "uacoca"])
    func tolerated(order: String) throws {
        #expect(try faults(order) == [])
    }

    @Test(
        "An order that means nothing is refused",
        arguments: [
            ("", "has no assistant turn, so there is nothing to learn; add the answer, of the role assistant or gpt"),
            (
                "suu",
                "has no assistant turn, so there is nothing to learn; add the answer, of the role assistant or gpt"
            ),
            (
                "uas",
                "has a system turn behind a turn of the role assistant; a system turn is the first, and the only one"
            ),
            (
                "ssua",
                "has a system turn behind a turn of the role system; a system turn is the first, and the only one"
            ),
            (
                "uoa",
                "has an observation with no function call before it; an observation follows an assistant's turn, or "
                    + "another observation"
            ),
            (
                "oa",
                "has an observation with no function call before it; an observation follows an assistant's turn, or "
                    + "another observation"
            ),
        ])
    func impossible(order: String, message: String) throws {
        #expect(try faults(order) == ["line 2: \(message)"])
    }

    private func faults(_ order: String) throws -> [String] {
        let names: [Character: String] = [
            "s": "system", "u": "human", "a": "gpt", "g": "gpt", "o": "observation", "c": "function_call",
        ]
        let turns = order.map { letter in
            let value = letter == "c" ? #"{\"name\": \"f\"}"# : "x"
            return #"{"from": "\#(names[letter] ?? "")", "value": "\#(value)"}"#
        }
        let file = try RowText("[\n{\"conversations\": [\(turns.joined(separator: ", "))]}\n]")
        return try check().report(on: file.path).faults.map { $0.replacing(file.path + ": ", with: "") }
    }

    @Test(
        "A wrong conversation is refused with its line and a remedy",
        arguments: [
            (
                #""messages": [{"role": "boss", "content": "x"}]"#,
                "messages[0] has the unknown role boss; use system, user or human, assistant or gpt, function_call, or "
                    + "tool or observation"
            ),
            (#""messages": "x""#, "messages must be a list of turns, found text"),
            (#""messages": {"role": "user"}"#, "messages must be a list of turns, found an object"),
            (#""messages": ["x"]"#, "messages[0] must be an object with role and content, found text"),
            (
                #""messages": [{"content": "x"}]"#,
                "messages[0] has no role; write role and content, or from and value"
            ),
            (#""messages": [{"role": 1, "content": "x"}]"#, "messages[0].role must be text, found 1"),
            (#""messages": [{"role": "user"}]"#, "messages[0] has no content"),
            (#""conversations": [{"from": "gpt", "value": null}]"#, "conversations[0] has no value"),
            (
                #""messages": [{"role": "user", "content": 3}]"#,
                "messages[0].content must be text or a list of parts, found 3"
            ),
            (
                #""messages": [{"role": "user", "content": ["x"]}]"#,
                "messages[0].content[0] must be an object with type and text, found text"
            ),
            (
                #""messages": [{"role": "user", "content": [{"type": "image", "url": "x"}]}]"#,
                "messages[0].content[0] is of the type image, which cannot be learned; use parts of the type text"
            ),
            (
                #""messages": [{"role": "user", "content": [{"type": "text"}]}]"#,
                "messages[0].content[0].text must be text, found nothing"
            ),
            (
                #""messages": [{"role": "user", "content": "x", "loss_weight": 0.5}]"#,
                "messages[0].loss_weight is 0.5; use 1 or 0: a text is learned whole or not at all"
            ),
            (
                #""messages": [{"role": "user", "content": "x", "loss_weight": 1, "train": false}]"#,
                "messages[0] says both that it is learned and that it is not; keep one of them"
            ),
            (
                #""messages": [{"role": "user", "content": "x", "tool_calls": [{"name": "f"}]}]"#,
                "messages[0] calls a function, but its role is user"
            ),
            (
                #""conversations": [{"from": "function_call", "value": "f(x)"}]"#,
                "conversations[0].value is not JSON; a call is {\"name\": …, \"arguments\": {…}}"
            ),
            (
                #""conversations": [{"from": "function_call", "value": "[]"}]"#,
                "conversations[0].value calls no function; a call is {\"name\": …, \"arguments\": {…}}"
            ),
            (
                #""conversations": [{"from": "function_call", "value": "[{\"arguments\": {}}]"}]"#,
                "conversations[0].value[0] names no function; a call is {\"name\": …, \"arguments\": {…}}"
            ),
            (
                #""messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "x"}}]}]"#,
                "messages[0].tool_calls[0].arguments is not JSON; a call is {\"name\": …, \"arguments\": {…}}"
            ),
            (
                #""messages": [{"role": "assistant", "content": "a"}], "tools": "[{]""#,
                "tools is not JSON; tools is a list of functions, or such a list as JSON text"
            ),
            (
                #""messages": [{"role": "assistant", "content": "a"}], "tools": "[0x10]""#,
                "tools is not JSON; tools is a list of functions, or such a list as JSON text"
            ),
            (
                #""messages": [{"role": "assistant", "content": "a"}], "tools": 3"#,
                "tools is 3; tools is a list of functions, or such a list as JSON text"
            ),
            (
                #""messages": [{"role": "assistant", "content": "a"}], "tools": [{"description": "x"}]"#,
                "tools[0] describes no function; write {\"name\": …, \"description\": …, \"parameters\": {…}}"
            ),
            (
                #""messages": [{"role": "system", "content": "x"}, {"role": "assistant", "content": "a"}], "system": "y""#,
                "has a field system and another system turn; keep one of them"
            ),
            (#""messages": [], "system": 1"#, "system must be text, found 1"),
            (
                #""instruction": "q", "output": "a", "history": [["x"]]"#,
                "history[0] must be a pair of texts; write [question, answer]"
            ),
            (#""instruction": "q", "output": "a", "input": 1"#, "input must be text, found 1"),
            (#""instruction": 1, "output": "a""#, "instruction must be text, found 1"),
            (#""messages": [{"role": "user", "role": "user"}]"#, "the field role stands there twice"),
            (
                #""question": "x""#,
                "has the fields of no kind of row; rows have input_ids, or prompt and completion, or messages, or "
                    + "conversations, or instruction and output, or text"
            ),
        ])
    func refuses(fields: String, message: String) throws {
        let good =
            fields.contains("conversations")
            ? #"{"conversations": [{"from": "gpt", "value": "a"}]}"#
            : fields.contains("instruction")
                ? #"{"instruction": "q", "output": "a"}"# : #"{"messages": [{"role": "gpt", "content": "a"}]}"#
        let file = try RowText("\(good)\n\n{\(fields)}\n\(good)\n")
        let report = try check().report(on: file.path)
        #expect(report.faults == ["\(file.path): line 3: \(message)"])
        #expect(report.rows == 3 && report.faultCount == 1)
        var loader = CorpusLoader(encoder: LetterEncoder())
        loader.chatLayout = .chatml
        #expect(try RowText("{\(fields)}").error(nil, loader) == "line 1: \(message)")
    }

    @Test("A conversation without a layout is refused by name, and letters in place of marks are said once")
    func layouts() throws {
        let row = #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#
        #expect(
            try RowText(row).error(nil, CorpusLoader(encoder: LetterEncoder()))
                == "line 1: holds a conversation, and no layout for it is named; name chatml or llama3: chat_template in a "
                + "job, --chat-template of a command"
        )
        var loader = CorpusLoader(encoder: LetterEncoder())
        loader.chatLayout = .chatml
        let files = [try RowText(row), try RowText(row)]
        let result = try withExtendedLifetime(files) { try loader.load(files.map { CorpusSource(path: $0.path) }) }
        #expect(
            result.notices == [
                "the tokenizer has no token <|im_end|>: the marks of chatml are spelled in letters, and texts can spell "
                    + "them too"
            ])
    }

    @Test("A row may not ask for much memory")
    func hostile() throws {
        let lists = "{\"messages\": [" + String(repeating: "[],", count: 1 << 20) + "[]]}"
        #expect(
            try RowText(lists).error(.chatTemplate)
                == "line 1: holds more than 1048576 values; make several rows of it")
        let deep = "{\"messages\": " + String(repeating: "[", count: 100_000)
        #expect(try RowText(deep).error(.chatTemplate) == "line 1: is nested more than 64 deep")
        let tools =
            #"{"messages": [{"role": "assistant", "content": "a"}], "tools": "\#(String(repeating: "[", count: 9999))"}"#
        #expect(try RowText(tools).error(.chatTemplate).hasPrefix("line 1: tools is not JSON"))
    }
}

extension CorpusReport.Sample {
    /// The row's text, what is learned in brackets.
    var marked: String { runs.map { $0.isLearned ? "[\($0.text)]" : $0.text }.joined() }
}
