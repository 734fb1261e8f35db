import Testing
import Tokenizers

@Suite struct ChatLayoutTests {
    struct Case: Decodable {
        var layout: String
        var turns: [Turn]
        var tools: [Tool]
        var addsGenerationPrompt: Bool
        var text: String
        var ids: [Int32]

        struct Turn: Decodable {
            var role: String
            var text: String
            var calls: [Call]
        }

        struct Call: Decodable {
            var name: String
            var arguments: String
        }

        struct Tool: Decodable {
            var line: String
            var indented: String
        }

        func conversation() throws -> Conversation {
            Conversation(
                turns: try turns.map { turn in
                    ChatTurn(
                        try #require(ChatRole(rawValue: turn.role)), parts: [.init(turn.text)],
                        toolCalls: turn.calls.map { ToolCall(name: $0.name, arguments: $0.arguments) })
                }, tools: tools.map { ToolDescription(line: $0.line, indented: $0.indented) })
        }
    }

    private func tokenizer(_ layout: ChatLayout) throws -> Tokenizer {
        let folder = layout == .chatml ? "chatml_tokenizer" : "bytelevel_llama3"
        return try Tokenizer(file: Fixtures.url("\(folder)/tokenizer.json"))
    }

    /// The texts that are learned, one for each run of ids.
    private func learned(_ chat: EncodedChat, _ tokenizer: Tokenizer) -> [String] {
        var runs: [[Int32]] = []
        var wasTrained = false
        for (id, isTrained) in zip(chat.ids, chat.isTrained) {
            if isTrained && !wasTrained { runs.append([]) }
            if isTrained { runs[runs.count - 1].append(id) }
            wasTrained = isTrained
        }
        return runs.map { tokenizer.decode($0, skipSpecialTokens: false) }
    }

    @Test("Text and ids are those of transformers")
    func golden() throws {
        let cases = try Fixtures.read("chat.json", as: [Case].self)
        #expect(cases.count > 10)
        for test in cases {
            let layout = try #require(ChatLayout(rawValue: test.layout))
            let tokenizer = try tokenizer(layout)
            let segments = layout.segments(
                of: try test.conversation(), trainsOnInputs: true, addsGenerationPrompt: test.addsGenerationPrompt)
            let beginning = layout == .llama3 ? "<|begin_of_text|>" : ""
            #expect(bytes(beginning + segments.map(\.text).joined()) == bytes(test.text))
            let chat = tokenizer.encode(segments, of: layout)
            #expect(chat.ids == test.ids)
            #expect(chat.isTrained.allSatisfy { $0 })
        }
    }

    @Test(
        "What is learned are the assistant's texts and calls, and the mark behind them", arguments: ChatLayout.allCases)
    func learnedByDefault(layout: ChatLayout) throws {
        let tokenizer = try tokenizer(layout)
        let end = layout.endOfTurn
        for test in try Fixtures.read("chat.json", as: [Case].self) where test.layout == layout.rawValue {
            let conversation = try test.conversation()
            let segments = layout.segments(of: conversation, addsGenerationPrompt: test.addsGenerationPrompt)
            let chat = tokenizer.encode(segments, of: layout)
            let runs = learned(chat, tokenizer)
            let turns = conversation.turns.filter { $0.role == .assistant }
            #expect(runs.count == turns.count)
            for (run, turn) in zip(runs, turns) {
                if turn.toolCalls.isEmpty {
                    #expect(run == (layout == .llama3 ? turn.text.trimmed : turn.text) + end)
                } else {
                    #expect(run.hasPrefix(turn.text.isEmpty ? (layout == .chatml ? "<tool_call>\n{" : "{") : turn.text))
                    #expect(run.hasSuffix((layout == .chatml ? "}\n</tool_call>" : "}") + end))
                }
            }
            let beginning = layout == .chatml ? "<|begin_of_text|>" : ""
            #expect(bytes(tokenizer.decode(chat.ids, skipSpecialTokens: false)) == bytes(beginning + test.text))
        }
    }

    @Test(
        "A prompt that ends with the assistant's header is what stands before the answer",
        arguments: ChatLayout.allCases)
    func generationPrompt(layout: ChatLayout) throws {
        let tokenizer = try tokenizer(layout)
        for answer in ["Hello!", "\n\nHello", " x", "ant"] {
            let turns = [ChatTurn(.system, "Be\n"), ChatTurn(.user, "Hi there"), ChatTurn(.assistant, answer)]
            let whole = tokenizer.encode(layout.segments(of: Conversation(turns: turns)), of: layout)
            let prompt = tokenizer.encode(
                layout.segments(of: Conversation(turns: Array(turns[..<2])), addsGenerationPrompt: true), of: layout)
            #expect(Array(whole.ids.prefix(prompt.ids.count)) == prompt.ids)
            #expect(whole.isTrained.firstIndex(of: true) == prompt.ids.count)
        }
    }

    @Test("Turns and parts say themselves whether they are learned")
    func weights() throws {
        let tokenizer = try tokenizer(.chatml)
        func runs(_ turns: [ChatTurn], all: Bool = false) -> [String] {
            let segments = ChatLayout.chatml.segments(of: Conversation(turns: turns), trainsOnInputs: all)
            return learned(tokenizer.encode(segments, of: .chatml), tokenizer)
        }
        let parts = [ChatTurn.Part("one "), .init("two ", isTrained: false), .init("three")]
        #expect(runs([ChatTurn(.assistant, parts: parts)]) == ["one ", "three<|im_end|>"])
        #expect(runs([ChatTurn(.assistant, parts: Array(parts[..<2]))]) == ["one "])
        #expect(
            runs([ChatTurn(.user, "q", isTrained: true), ChatTurn(.assistant, "a", isTrained: false)]) == [
                "q<|im_end|>"
            ])
        #expect(runs([ChatTurn(.user, parts: [.init("q", isTrained: true)]), ChatTurn(.assistant, "a")]).count == 2)
        #expect(
            runs([ChatTurn(.user, "q"), ChatTurn(.assistant, "a", isTrained: false)], all: true) == [
                "<|begin_of_text|><|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n", "\n",
            ])
    }

    @Test("No text of a turn can spell a token of the layout or of the tokenizer", arguments: ChatLayout.allCases)
    func smuggling(layout: ChatLayout) throws {
        let tokenizer = try tokenizer(layout)
        let tokens = layout.marks + ["<|begin_of_text|>", "<|end_of_text|>", "<s>", "</s>"]
        let evil = tokens.joined(separator: "x") + tokens.joined()
        func conversation(_ text: String) -> Conversation {
            Conversation(
                turns: [
                    ChatTurn(.system, text), ChatTurn(.user, text), ChatTurn(.assistant, text),
                    ChatTurn(.observation, text),
                ],
                tools: [ToolDescription(line: text, indented: text)])
        }
        let ids = tokens.compactMap(tokenizer.tokenID(of:))
        #expect(ids.count == tokens.count)
        func special(_ text: String) -> [Int32] {
            tokenizer.encode(layout.segments(of: conversation(text)), of: layout).ids.filter(ids.contains)
        }
        #expect(special(evil) == special("harmless"))
        #expect(tokenizer.encode(evil, addSpecialTokens: false).filter(ids.contains).count == 2 * tokens.count)
        let chat = tokenizer.encode(layout.segments(of: conversation(evil)), of: layout)
        #expect(learned(chat, tokenizer) == [evil + layout.endOfTurn])
    }

    @Test("A tokenizer without the marks spells them, and puts no blank between prompt and answer")
    func missingMarks() throws {
        let tokenizer = try Tokenizer(file: Fixtures.url("spm_llama2/tokenizer.json"))
        #expect(tokenizer.missingMarks(of: .chatml) == ChatLayout.chatml.marks)
        #expect(try self.tokenizer(.chatml).missingMarks(of: .chatml) == [])
        let turns = [ChatTurn(.user, "Hi"), ChatTurn(.assistant, "Hello")]
        let chat = tokenizer.encode(ChatLayout.chatml.segments(of: Conversation(turns: turns)), of: .chatml)
        #expect(
            tokenizer.decode(chat.ids, skipSpecialTokens: true)
                == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n")
        #expect(chat.ids.first == 1)
        #expect(chat.ids.dropFirst().allSatisfy { $0 > 2 })
    }

    @Test("Calls in a row, and a text before them, are kept in Llama 3's layout too")
    func severalCalls() {
        let calls = [ToolCall(name: "a\"", arguments: "{}"), ToolCall(name: "b", arguments: "[1]")]
        let turn = ChatTurn(.assistant, parts: [.init(" I look. ")], toolCalls: calls)
        let text = ChatLayout.llama3.segments(of: Conversation(turns: [turn])).map(\.text).joined()
        #expect(
            text == "<|start_header_id|>assistant<|end_header_id|>\n\nI look.\n"
                + #"[{"name": "a\"", "parameters": {}}, {"name": "b", "parameters": [1]}]<|eot_id|>"#)
    }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
