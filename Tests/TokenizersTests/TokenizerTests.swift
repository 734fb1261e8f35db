import Foundation
import Testing
import Tokenizers

@Suite("A tokenizer")
struct TokenizerTests {
    @Test("knows its vocabulary, and the tokens that begin and end a text")
    func vocabulary() throws {
        let tokenizer = try Tokenizer(file: Fixtures.url("stories260k/tokenizer.json"))
        #expect(tokenizer.vocabularySize == 512)
        #expect(tokenizer.idEnd == 512)
        #expect(tokenizer.bosTokenID == 1)
        #expect(tokenizer.eosTokenID == 2)
        #expect(tokenizer.tokenID(of: "</s>") == 2)
        #expect(tokenizer.token(for: 2) == "</s>")
        #expect(tokenizer.tokenID(of: "no such token") == nil)
        for id in [Int32.min, -1, 512, .max] { #expect(tokenizer.token(for: id) == nil) }
        #expect(tokenizer.decode([-1, 600, 1], skipSpecialTokens: false) == "<s>")
    }

    @Test("reads special tokens as strings or objects, from either file")
    func specialTokenFiles() throws {
        let json = try String(contentsOf: Fixtures.url("spm_llama2/tokenizer.json"), encoding: .utf8)
        let config = #"{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": null}"#
        let map = #"{"bos_token": "</s>", "eos_token": "</s>"}"#
        let both = try makeTokenizer(json, beside: ["tokenizer_config.json": config, "special_tokens_map.json": map])
        #expect(both.bosTokenID == 1)
        #expect(both.eosTokenID == 2)
        let none = try makeTokenizer(json, beside: ["tokenizer_config.json": #"{"bos_token": "[unknown]"}"#])
        #expect(none.bosTokenID == nil)
        #expect(none.eosTokenID == nil)
    }

    @Test("keeps tokens apart that Swift's strings take for equal")
    func canonicalEquivalence() throws {
        let tokenizer = try makeTokenizer(
            #"{"model": {"type": "BPE", "vocab": {"\u00e9": 0, "e": 1, "\u0301": 2, "e\u0301": 3}, "#
                + #""merges": [["e", "\u0301"]]}}"#)
        #expect(tokenizer.encode("\u{E9}e\u{301}", addSpecialTokens: false) == [0, 3])
        #expect(tokenizer.tokenID(of: "\u{E9}") == 0)
        #expect(tokenizer.tokenID(of: "e\u{301}") == 3)
    }

    @Test("merges long words as it merges short ones")
    func longWords() throws {
        // Without a pre-tokenizer a text is one word; with these merges no space mark joins what stands before it, so
        // the text is cut, unless a merge that never applies forbids that.
        let vocabulary = #"{"\u2581": 0, "a": 1, "b": 2, "ab": 3, "\u2581ab": 4, "aba": 5, "abab": 6"#
        let rules = #"["a", "b"], ["ab", "ab"], ["ab", "a"], ["\u2581", "ab"]"#
        func tokenizer(_ token: String, _ merge: String) throws -> Tokenizer {
            try makeTokenizer(
                #"{"model": {"type": "BPE", "vocab": \#(vocabulary + token)}, "merges": [\#(rules + merge)]}}"#)
        }
        let cut = try tokenizer("", "")
        let whole = try tokenizer(#", "c": 7, "c\u2581": 8"#, #", ["c", "\u2581"]"#)
        var random = SplitMix(seed: 11)
        for length in [0, 1, 2, 47, 48, 49, 50, 500, 5_000] {
            let text = (0..<length).map { _ in ["a", "b", "ab", "▁"][Int(random.next() % 4)] }.joined()
            let ids = cut.encode(text, addSpecialTokens: false)
            #expect(ids == whole.encode(text, addSpecialTokens: false))
            let words = text.utf8.isEmpty ? [] : text.replacing("▁", with: "\n▁").split(separator: "\n")
            #expect(ids == words.flatMap { cut.encode(String($0), addSpecialTokens: false) })
        }
    }

    @Test("gives the same ids to many tasks at once")
    func concurrency() async throws {
        let tokenizer = try Tokenizer(directory: Fixtures.url("bytelevel_llama3"))
        let cases = try Fixtures.read("bytelevel_llama3/cases.json", as: [Fixtures.Case].self)
        let agreed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    cases.allSatisfy { tokenizer.encode($0.text, addSpecialTokens: true) == $0.idsWithSpecial }
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(agreed)
    }

    @Test("decodes a stream of ids into the same text", arguments: ["bytelevel_llama3", "spm_llama2", "stories260k"])
    func streaming(name: String) throws {
        let tokenizer = try Tokenizer(directory: Fixtures.url(name))
        for golden in try Fixtures.read(name + "/cases.json", as: [Fixtures.Case].self) {
            var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
            var text = ""
            for id in golden.idsWithSpecial {
                let piece = decoder.append(id)
                #expect(!piece.unicodeScalars.contains("\u{FFFD}") || golden.text.unicodeScalars.contains("\u{FFFD}"))
                text += piece
            }
            text += decoder.finish()
            #expect(bytes(text) == bytes(golden.decodedSkipSpecial), "\(golden.text)")
        }
    }
}
