import Buffers
import Corpus
import Foundation
import Testing
import Tokenizers

@Suite struct CorpusCheckTests {
    private func report(
        _ path: String, kind: RowKind? = nil, length: Int? = nil, faultLimit: Int = 100
    ) throws -> CorpusReport {
        var loader = CorpusLoader(encoder: CharacterEncoder(), sequenceLength: length)
        loader.chatLayout = .chatml
        return try CorpusCheck(
            loader: loader, kind: kind, countsCharacters: true, faultLimit: faultLimit,
            decode: CharacterEncoder().decode
        ).report(on: path)
    }

    private func fixture(_ name: String) throws -> String {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
    }

    @Test("The demonstration sets of LLaMA-Factory are what they are")
    func upstream() throws {
        let english = try report(fixture("alpaca_en_extract.json"))
        #expect(english.kinds == ["alpaca": 6] && english.faults == [] && english.notices == [])
        #expect(english.conversations?.turns == ["user": 6, "assistant": 6])
        let chinese = try report(fixture("alpaca_zh_extract.json"))
        #expect(chinese.kinds == ["alpaca": 6] && chinese.faults == [])
        let tools = try report(fixture("glaive_toolcall_en_extract.json"))
        #expect(tools.kinds == ["sharegpt": 5] && tools.faults == [] && tools.notices == [])
        #expect(tools.conversations?.rowsWithTools == 3)
        #expect(tools.conversations?.toolCalls == tools.conversations?.turns["observation"])
        let messages = try report(fixture("v1_sft_extract.jsonl"))
        #expect(messages.kinds == ["chat_template": 5] && messages.faults == [])
        #expect(messages.conversations?.learnedWeights == 5 && messages.conversations?.ignoredWeights == 5)
        // What is learned are the answers of the file, as another reader of JSON finds them, and a mark behind each.
        struct Row: Decodable { let output: String }
        let rows = try JSONDecoder().decode(
            [Row].self, from: Data(contentsOf: URL(fileURLWithPath: fixture("alpaca_zh_extract.json"))))
        #expect(chinese.learned == rows.reduce(0) { $0 + $1.output.unicodeScalars.count + "<|im_end|>".count })
        #expect(
            chinese.samples.map { $0.runs.filter(\.isLearned).map(\.text) }
                == rows.prefix(3).map { ["\($0.output)<|im_end|>"] })
    }

    @Test("Lengths are those of the rows, and every wrong row is found behind the first")
    func figures() throws {
        let texts = (1...40).map { "{\"text\": \"\(String(repeating: "x", count: $0))\"}" }
        let file = try RowText(
            texts.joined(separator: "\n") + "\n{\"text\": 1}\nnothing\n{\"txt\": 1}\n{\"text\": \"\"}\n{")
        let found = try report(file.path, length: 30)
        #expect(found.rows == 45 && found.faultCount == 4 && found.unit == "characters")
        #expect(
            found.faults.map { $0.replacing(file.path + ": ", with: "").split(separator: ":").first } == [
                "line 41", "line 42", "line 43", "line 45",
            ])
        #expect(found.lengths?.min == 0 && found.lengths?.median == 20 && found.lengths?.p95 == 38)
        #expect(found.lengths?.max == 40 && found.total == 820 && found.learned == 820)
        #expect(found.longRows == 10)
        #expect(
            found.notices == [
                "10 of 41 rows were cut to sequence_len 30",
                "2 of 41 rows were left out: there is nothing in them to predict",
            ])
        #expect(try report(file.path, faultLimit: 2).faults.count == 2)
        #expect(found.samples.map(\.line) == [1, 2, 3])
    }

    @Test("A list goes on behind a wrong element, and ends where it is no JSON")
    func lists() throws {
        let file = try RowText(
            "[{\"text\": \"ab\"},\n 3, \"x\",\n {\"text\": 1},\n {\"text\": \"abc\"},\n {\"text\": tru},\n {}]")
        let found = try report(file.path)
        #expect(
            found.faults.map { $0.replacing(file.path + ": ", with: "") } == [
                "line 2: is no JSON object; every row is one object in braces",
                "line 2: is no JSON object; every row is one object in braces",
                "line 3: text must be text, found 1",
                "line 5: is no valid JSON; correct the line; a row is one object on one line",
            ])
        #expect(found.total == 5)
    }

    @Test("Rows of another kind than the first are faults; with a type, the type decides")
    func mixture() throws {
        let file = try RowText("{\"text\": \"ab\"}\n{\"prompt\": \"a\", \"completion\": \"b\", \"text\": \"c\"}\n")
        let found = try report(file.path)
        #expect(found.kinds == ["text": 1, "prompt_completion": 1])
        #expect(
            found.faults == [
                "\(file.path): line 2: is of type prompt_completion, the first row of type text; give each type a file of "
                    + "its own"
            ])
        #expect(try report(file.path, kind: .text).faults == [])
    }

    @Test("What may not be meant is said, with the first line of it")
    func oddities() throws {
        func row(_ roles: String...) -> String {
            let turns = roles.map { #"{"from": "\#($0)", "value": "\#($0 == "gpt" ? "" : "x")"}"# }
            return #"{"conversations": [\#(turns.joined(separator: ", "))]}"#
        }
        let file = try RowText(
            [row("human", "gpt"), row("gpt", "human"), row("human", "human", "gpt")].joined(separator: "\n"))
        #expect(
            try report(file.path).notices == [
                "1 of 3 rows begin with an assistant's turn; the first on line 2",
                "1 of 3 rows have two user or two assistant turns side by side; the first on line 3",
                "1 of 3 rows end with a turn that is not the assistant's; the first on line 2",
                "3 of 3 rows have an assistant's turn without text or call; the first on line 1",
            ])
    }

    @Test("Questions with choices are counted and checked, but not taken for training rows")
    func questions() throws {
        let good = #"{"question": "q", "choices": ["a", "b"], "answer": 1}"#
        let file = try RowText("\(good)\n\(good.replacing("1}", with: "2}"))\n{\"text\": \"x\"}\n\(good)")
        let found = try report(file.path)
        #expect(found.kinds == ["multiple_choice": 3, "text": 1] && found.rows == 4 && found.lengths == nil)
        #expect(found.faults.count == 2 && found.faults[0].contains("line 2: answer is 2, and there are 2 choices"))
        #expect(found.faults[1].contains("line 3: is of type text, the first row of type multiple_choice"))
        #expect(found.notices == ["rows with choices are for swiftlet eval; no job trains on them"])
    }

    @Test("Ids are shown as numbers where there is no tokenizer")
    func ids() throws {
        let file = try RowText(#"{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}"#)
        let found = try report(file.path)
        #expect(found.unit == "tokens" && found.samples.map(\.marked) == ["5 [6 7 ]"])
        #expect(try JSONEncoder().encode(found).count > 100)
    }
}
