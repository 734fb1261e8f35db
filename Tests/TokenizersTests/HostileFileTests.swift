import Foundation
import Testing
import Tokenizers

@Suite("A tokenizer.json that is wrong")
struct HostileFileTests {
    private static func json(
        vocabulary: String = #"{"a": 0, "b": 1, "ab": 2}"#, merges: String = #"["a b"]"#, model: String = "",
        parts: String = ""
    ) -> String {
        #"{"version": "1.0", \#(parts) "model": {"type": "BPE", \#(model) "vocab": \#(vocabulary), "merges": \#(merges)}}"#
    }

    private static func added(_ id: String, _ content: String = "<x>") -> String {
        #""added_tokens": [{"id": \#(id), "content": "\#(content)", "single_word": false, "lstrip": false, "#
            + #""rstrip": false, "normalized": false, "special": true}],"#
    }

    @Test(
        "gets one line that names the place",
        arguments: [
            (json(vocabulary: #"{"a": -1}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": 0.5}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": 4000000000}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": 99999999999999999999999}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": 100000000}"#), #"model.vocab."a""#, "proportion"),
            (json(vocabulary: #"{"a": "0"}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": [[1, 2], 3]}"#), #"model.vocab."a""#, "whole number"),
            (json(vocabulary: #"{"a": 0, "a": 1}"#), #"model.vocab."a""#, "twice"),
            (json(vocabulary: #"{"a": 0, "b": 0}"#), #"model.vocab."b""#, "the id 0 as well"),
            (json(vocabulary: "[]"), "model.vocab", "an object"),
            (json(merges: #"["a z"]"#), "model.merges[0]", #""z" is not in model.vocab"#),
            (json(merges: #"["a b", "b a"]"#), "model.merges[1]", #""ba" is not in model.vocab"#),
            (json(merges: #"["ab"]"#), "model.merges[0]", "two parts"),
            (json(merges: #"["a b", ["a", "b"]]"#), "model.merges[1]", "mixed"),
            (json(merges: #"[["a", "b", "a"]]"#), "model.merges[0]", "pair of strings"),
            (json(merges: #"[7]"#), "model.merges[0]", "pair of strings"),
            (json(merges: "{}"), "model.merges", "a list"),
            (json(model: #""dropout": 0.1,"#), "model.dropout", "random"),
            (json(model: #""unk_token": "?","#), "model.unk_token", "not in model.vocab"),
            (json(model: #""fuse_unk": 1,"#), "model.fuse_unk", "true or false"),
            (json(model: #""fuse_unk": true, "fuse_unk": true,"#), "model", "twice"),
            (json(parts: added("7")), "added_tokens[0]", "has the id 7"),
            (json(parts: added("-1")), "added_tokens[0].id", "whole number"),
            (json(parts: added("3", "a")), "added_tokens[0]", "it is 0"),
            (json(vocabulary: #"{"a": 0, "b": 1, "ab": 3}"#, parts: added("3")), "added_tokens[0]", "has the id 3"),
            (#"{"version": "2.0"}"#, "version", "not supported"), (#"{"version": "1.0"}"#, "", "model"),
            ("[]", "", "an object"), ("", "line 1, column 1", "ends in the middle"),
            ("{\"a\":\n tru}", "line 2, column 2", "a value"), ("{} {}", "line 1, column 4", "follows"),
            (String(repeating: "[", count: 100_000), "line 1, column 65", "nested deeper"),
            (#"{"a": "\ud800"}"#, "line 1, column 8", "surrogate"), (#"{"a": "\x"}"#, "line 1, column 8", "escape"),
            ("{\"a\": \"\n\"}", "line 1, column 8", "control"), (#"{"a" 1}"#, "line 1, column 6", "':'"),
            (#"[1, 01]"#, "line 1, column 6", "','"), (#"{"a": 1,}"#, "line 1, column 9", "key"),
        ])
    func errors(json: String, place: String, reason: String) throws {
        let error = try #require(throws: TokenizerError.self) { try makeTokenizer(json) }
        #expect(error.place == place)
        #expect(error.description.contains(reason), "\(error)")
        #expect(error.file.hasSuffix("/tokenizer.json") && error.description.hasPrefix(error.file))
        #expect(!error.description.contains { $0.isNewline })
    }

    @Test(
        "with a part that is not supported is refused by that part's name",
        arguments: [
            (#""normalizer": {"type": "Precompiled"},"#, "the normalizer Precompiled"),
            (#""normalizer": {"type": "BertNormalizer"},"#, "the normalizer BertNormalizer"),
            (#""pre_tokenizer": {"type": "UnicodeScripts"},"#, "the pre-tokenizer UnicodeScripts"),
            (#""post_processor": {"type": "Other"},"#, "the post-processor Other"),
            (#""decoder": {"type": "WordPiece"},"#, "the decoder WordPiece"),
            (
                #""pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Eaten", "invert": false},"#,
                "the behavior Eaten"
            ),
        ])
    func unsupportedParts(parts: String, name: String) throws {
        let error = try #require(throws: TokenizerError.self) { try makeTokenizer(Self.json(parts: parts)) }
        #expect(error.description.contains(name + " is not supported"))
    }

    @Test("with another model is refused by that model's name", arguments: ["Unigram", "WordPiece", "WordLevel", "X"])
    func otherModels(type: String) throws {
        let error = try #require(throws: TokenizerError.self) {
            try makeTokenizer(#"{"version": "1.0", "model": {"type": "\#(type)", "vocab": []}}"#)
        }
        #expect(error.description.contains("the model type \(type) is not supported"))
    }

    @Test("with an unknown id in its template is refused")
    func templateID() throws {
        let parts =
            #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "s", "type_id": 0}}, "#
            + #"{"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"s": {"id": "s", "ids": [9]}}},"#
        let error = try #require(throws: TokenizerError.self) { try makeTokenizer(Self.json(parts: parts)) }
        #expect(error.place == "post_processor.special_tokens.s.ids[0]")
        #expect(error.description.contains("no token has the id 9"))
    }

    @Test("that is not there gets a line that says so")
    func missingFile() throws {
        let error = try #require(throws: TokenizerError.self) {
            try Tokenizer(directory: URL(fileURLWithPath: "/nonexistent/model"))
        }
        #expect(error.description.hasPrefix("/nonexistent/model/tokenizer.json: cannot be read (no such file); "))
    }

    @Test("because it was cut short never gets through", arguments: ["bytelevel_llama3", "spm_llama2"])
    func truncation(name: String) throws {
        let whole = try Data(contentsOf: Fixtures.url(name + "/tokenizer.json"))
        for count in stride(from: 0, to: whole.count - 2, by: 211) {
            _ = try withFiles(["tokenizer.json": whole.prefix(count)]) { folder in
                #expect(throws: TokenizerError.self) { try Tokenizer(directory: folder) }
            }
        }
    }

    @Test("because a byte was changed is refused or works", arguments: ["bytelevel_llama3", "spm_llama2"])
    func changedBytes(name: String) throws {
        let whole = try Data(contentsOf: Fixtures.url(name + "/tokenizer.json"))
        var random = SplitMix(seed: 3)
        for _ in 0..<150 {
            var damaged = whole
            damaged[Int(random.next() % UInt64(whole.count))] = UInt8(truncatingIfNeeded: random.next())
            try withFiles(["tokenizer.json": damaged]) { folder in
                guard let tokenizer = try? Tokenizer(directory: folder) else { return }
                let ids = tokenizer.encode("Hello, world! 12345 été\n<s> 日本", addSpecialTokens: true)
                _ = tokenizer.decode(ids, skipSpecialTokens: true)
                #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.idEnd })
            }
        }
    }
}
