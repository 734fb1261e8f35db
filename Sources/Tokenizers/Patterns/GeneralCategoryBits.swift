/// Unicode's general categories as one bit each, under the names that patterns use.
enum GeneralCategoryBits {
    private static let all: [(name: String, category: Unicode.GeneralCategory)] = [
        ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
        ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
        ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
        ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
        ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
        ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
        ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
        ("Cn", .unassigned),
    ]

    private static let indices: [Unicode.GeneralCategory: UInt32] = Dictionary(
        uniqueKeysWithValues: all.enumerated().map { ($0.element.category, UInt32($0.offset)) })

    static func bit(_ category: Unicode.GeneralCategory) -> UInt32 {
        indices[category].map { 1 << $0 } ?? 0
    }

    /// The bits of `L`, `Lu` and so on; nil for any other name.
    static func bits(named name: String) -> UInt32? {
        var bits: UInt32 = 0
        for (index, entry) in all.enumerated() where entry.name == name || String(entry.name.prefix(1)) == name {
            bits |= 1 << UInt32(index)
        }
        return bits == 0 ? nil : bits
    }
}
