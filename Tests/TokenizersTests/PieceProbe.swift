import Foundation
import Tokenizers

/// Shows how a pre-tokenizer cuts a text, through ids alone: the last byte of every piece has a token of its own.
struct PieceProbe {
    private static let bytesEnd: Int32 = 256
    private let tokenizer: Tokenizer
    /// The same without the tokens for ends: much quicker, for long texts.
    private let plain: Tokenizer

    /// - Parameter step: a pre-tokenizer as JSON.
    init(_ step: String, normalizer: String = "null") throws {
        var alphabet = (0x21...0x7E).map { $0 } + (0xA1...0xAC).map { $0 } + (0xAE...0xFF).map { $0 }
        alphabet += 0x100..<0x100 + 256 - alphabet.count
        let letters = alphabet.map { String(Character(Unicode.Scalar(UInt32($0)) ?? " ")) }
        tokenizer = try Self.make(step, normalizer, letters + letters.map { $0 + "</w>" }, suffix: "</w>")
        plain = try Self.make(step, normalizer, letters, suffix: "")
    }

    private static func make(
        _ step: String, _ normalizer: String, _ tokens: [String], suffix: String
    ) throws -> Tokenizer {
        let vocabulary = try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: zip(tokens, 0...)))
        return try makeTokenizer(
            """
            {"version": "1.0", "added_tokens": [], "normalizer": \(normalizer), "pre_tokenizer": {"type": "Sequence",
            "pretokenizers": [\(step), {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "</w>"},
            "content": ""}, {"type": "ByteLevel", "add_prefix_space": false}]},
            "model": {"type": "BPE", "end_of_word_suffix": "\(suffix)", "merges": [],
            "vocab": \(String(decoding: vocabulary, as: UTF8.self))}}
            """)
    }

    func pieces(_ text: String) -> [String] {
        let ids = tokenizer.encode(text, addSpecialTokens: false)
        let ends = ids.indices.filter { ids[$0] >= Self.bytesEnd }
        return zip([-1] + ends, ends).map { before, end in
            tokenizer.decode(Array(ids[(before + 1)...end]), skipSpecialTokens: false)
        }
    }

    /// What is left of a text after normalisation and cuts.
    func rest(_ text: String) -> String {
        plain.decode(plain.encode(text, addSpecialTokens: false), skipSpecialTokens: false)
    }
}

/// A Split pre-tokenizer as JSON.
func splitStep(_ pattern: String, behavior: String = "Isolated", invert: Bool = false) throws -> String {
    let quoted = String(decoding: try JSONEncoder().encode(pattern), as: UTF8.self)
    return #"{"type": "Split", "pattern": {"Regex": \#(quoted)}, "behavior": "\#(behavior)", "invert": \#(invert)}"#
}
