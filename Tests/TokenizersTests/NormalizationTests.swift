import Foundation
import Testing
import Tokenizers

@Suite("Normalisation")
struct NormalizationTests {
    @Test(
        "A form changes as many single characters as in the library",
        arguments: [("NFC", 578), ("NFD", 12_690), ("NFKC", 4_252), ("NFKD", 16_352), ("Lowercase", 1_488)])
    func changedScalars(form: String, count: Int) throws {
        let probe = try PieceProbe(splitStep("\n"), normalizer: #"{"type": "\#(form)"}"#)
        let lines = allScalars.unicodeScalars.lazy.map { String($0) }.joined(separator: "\n")
        let before = lines.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let after = bytes(probe.rest(lines)).split(separator: 0x0A, omittingEmptySubsequences: false)
        #expect(before.count == after.count)
        #expect(zip(before, after).count { !$0.elementsEqual($1) } == count)
    }

    @Test(
        "Marks join and sort across the characters that a form leaves alone",
        arguments: [
            ("NFC", "xe\u{301}y", "x\u{E9}y"), ("NFC", "日\u{301}e\u{327}\u{301}", "日\u{301}ȩ\u{301}"),
            ("NFC", "\u{1100}\u{1161}\u{11A8}각\u{11A8}", "각각\u{11A8}"), ("NFC", "\u{301}", "\u{301}"),
            ("NFD", "ộ", "o\u{323}\u{302}"), ("NFD", "q\u{307}\u{323}", "q\u{323}\u{307}"), ("NFD", "й", "и\u{306}"),
            ("NFKC", "ｶﾞﬁ²", "ガfi2"), ("NFKD", "ﬁ각", "fi\u{1100}\u{1161}\u{11A8}"),
            ("NFC", "\u{11935}\u{11930}", "\u{11935}\u{11930}"), ("NFKC", "\u{32FF}", "\u{32FF}"),
            ("NFD", "a\u{301}\u{8D3}", "a\u{301}\u{8D3}"), ("NFD", "a\u{301}\u{8E3}", "a\u{8E3}\u{301}"),
        ])
    func forms(form: String, text: String, expected: String) throws {
        let probe = try PieceProbe(splitStep("\n"), normalizer: #"{"type": "\#(form)"}"#)
        #expect(bytes(probe.rest(text)) == bytes(expected))
    }
}
