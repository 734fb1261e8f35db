import Foundation
import Testing
import Tokenizers

@Suite("Split patterns")
struct PatternTests {
    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let published = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
        llama3,
        llama3.replacing("{1,3}", with: ""),
    ]

    @Test("A hand-written scanner cuts as the general engine does", arguments: published)
    func scannersAgree(pattern: String) throws {
        let scanner = try PieceProbe(splitStep(pattern))
        // In a group the pattern is no published one, so the general engine reads it.
        let engine = try PieceProbe(splitStep("(?:\(pattern))"))
        var random = SplitMix(seed: 7)
        let bits = [
            "a", "Z", "é", "ſ", "語", "1", "٣", "½", " ", "  ", "\t", "\n", "\r\n", "\u{85}", "\u{A0}", "'", "'s", "'LL",
            "'ſ", "'r", "'re", "!", "🙂", "\u{301}", "\u{200D}", "'v", "\u{1E9B}", "'É",
        ]
        for length in (0...12) + [40, 200] {
            for _ in 0..<40 {
                let text = (0..<length).map { _ in bits[Int(random.next() % UInt64(bits.count))] }.joined()
                #expect(scanner.pieces(text).map(bytes) == engine.pieces(text).map(bytes), "\(text.debugDescription)")
            }
        }
    }

    @Test(
        "A class holds as many characters as in Oniguruma",
        arguments: [
            (#"\p{L}"#, 70_402), (#"\p{N}"#, 1_911), (#"\s"#, 25), (#"\w"#, 73_805), (#"[\w]"#, 73_799),
            (#"\d"#, 760), (#"\p{Lu}"#, 1_858), (#"\p{Ll}"#, 2_258), (#"\p{M}"#, 2_261), (#"\p{P}"#, 855),
            (#"\p{S}"#, 8_514), ("(?i:s)", 3), (".", 129_023),
        ])
    func classSizes(pattern: String, count: Int) throws {
        let probe = try PieceProbe(splitStep(pattern, behavior: "Removed", invert: true))
        #expect(probe.rest(allScalars).unicodeScalars.count == count)
    }

    @Test("The Digits pre-tokenizer knows the numbers of a newer Unicode")
    func digits() throws {
        let probe = try PieceProbe(
            #"{"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}]}"#)
        let spaced = allScalars.unicodeScalars.lazy.map { String($0) }.joined(separator: "aa")
        #expect(probe.pieces(spaced).count { $0.unicodeScalars.count == 1 } == 1_924)
    }

    @Test(
        "A pattern that cannot be matched as Oniguruma would is refused by name",
        arguments: [
            ("(a", "unmatched ("), ("a)", "unmatched )"), (#"\p{Han}"#, #"\p{Han}"#), (#"(a)\1"#, #"\1"#),
            ("(?<n>a)", "(?"), ("a**", "quantifier after a quantifier"), ("(?:a*)*", "can match nothing"),
            ("[[:alpha:]]", "[:name:]"), ("[a&&b]", "&&"), ("(?<=a+)b", "varying width"), (#"\b"#, #"\b"#),
            ("(?i:é)", "beyond ASCII"), ("(?i:ss)", "(?i) with ss"), ("a{2}+", "after {…}"), ("a{2000}", "1000"),
            ("(?:(?:ab){900}){900}", "too large"), ("[z-a]", "backwards"), ("*a", "nothing to repeat"),
            ("a{1", "malformed"),
            (String(repeating: "(", count: 100), "nested"), ("[", "ends inside"), ("\\", "ends inside"),
        ])
    func refusals(pattern: String, reason: String) throws {
        let error = try #require(throws: TokenizerError.self) { try PieceProbe(splitStep(pattern)) }
        #expect(error.description.contains(reason))
        #expect(error.place == "pre_tokenizer.pretokenizers[0].pattern.Regex")
    }
}

/// Every scalar of the first two planes once; beyond are Chinese characters and little else.
let allScalars = String(String.UnicodeScalarView((UInt32(0)..<0x20000).compactMap(Unicode.Scalar.init)))

/// A small random number generator with a fixed sequence.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
