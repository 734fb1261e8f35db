import Foundation
import Testing
import Tokenizers

@Suite("Tokenizers agree with the tokenizers library")
struct GoldenTests {
    @Test("on every id and every decoded text", arguments: ["bytelevel_llama3", "spm_llama2", "stories260k"])
    func goldenCases(name: String) throws {
        let tokenizer = try Tokenizer(directory: Fixtures.url(name))
        let cases = try Fixtures.read(name + "/cases.json", as: [Fixtures.Case].self)
        #expect(cases.count >= 60)
        for golden in cases {
            #expect(tokenizer.encode(golden.text, addSpecialTokens: false) == golden.ids, "\(golden.text)")
            #expect(tokenizer.encode(golden.text, addSpecialTokens: true) == golden.idsWithSpecial, "\(golden.text)")
            let decoded = tokenizer.decode(golden.ids, skipSpecialTokens: false)
            #expect(bytes(decoded) == bytes(golden.decoded), "\(golden.text)")
            let skipped = tokenizer.decode(golden.idsWithSpecial, skipSpecialTokens: true)
            #expect(bytes(skipped) == bytes(golden.decodedSkipSpecial), "\(golden.text)")
        }
    }

    @Test("on tokenizers of randomly drawn parts")
    func drawnComponents() throws {
        struct Golden: Decodable {
            struct Case: Decodable {
                var text: String
                var ids: [Int32]
                var random: [Int32]
                var decoded: String
                var skipped: String
            }
            struct Configuration: Decodable {
                var kind: String
                var tokenizer: String
                var cases: [Case]
            }
            var models: [String: String]
            var configurations: [Configuration]
        }
        let golden: Golden = try Fixtures.read("components.json")
        for configuration in golden.configurations {
            let model = try #require(golden.models[configuration.kind]).dropLast()
            let parts = configuration.tokenizer
            let json = parts.replacing(#""model": {"#, with: #""model": "# + model + ", ")
            let tokenizer = try makeTokenizer(json)
            for item in configuration.cases {
                #expect(tokenizer.encode(item.text, addSpecialTokens: true) == item.ids, "\(item.text) \(parts)")
                let decoded = tokenizer.decode(item.random, skipSpecialTokens: false)
                #expect(bytes(decoded) == bytes(item.decoded), "\(item.random) \(parts)")
                let skipped = tokenizer.decode(item.random, skipSpecialTokens: true)
                #expect(bytes(skipped) == bytes(item.skipped), "\(item.random) \(parts)")
            }
        }
    }

    @Test("on how patterns cut texts")
    func drawnSplits() throws {
        struct Golden: Decodable {
            var step: String
            var texts: [String]
            var pieces: [[String]]
        }
        for golden in try Fixtures.read("splits.json", as: [Golden].self) {
            let probe = try PieceProbe(golden.step)
            for (text, pieces) in zip(golden.texts, golden.pieces) {
                #expect(probe.pieces(text).map(bytes) == pieces.map(bytes), "\(golden.step) \(text)")
            }
        }
    }
}
