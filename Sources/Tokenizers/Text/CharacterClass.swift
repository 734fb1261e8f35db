/// What the split patterns ask of a character, as bits: `\p{L}`, `\p{N}`, `\s`.
///
/// The tokenizers library matches with Oniguruma, whose tables are Unicode 16's; Swift's are newer, so what Unicode
/// assigned later counts as unassigned here. `Tests/TokenizersTests` holds the sums over all of Unicode.
enum CharacterClass {
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let whitespace: UInt8 = 4

    /// The newest version of Unicode that the reference knows.
    static let unicodeVersion = 16

    /// The bits of every scalar below 0x10000.
    static let table: [UInt8] = (0..<0x10000).map { Unicode.Scalar(UInt32($0)).map(bits(of:)) ?? 0 }

    /// The bits of a scalar; `table` is a parameter so that loops fetch the static only once.
    @inline(__always)
    static func bits(_ scalar: UInt32, _ table: Span<UInt8>) -> UInt8 {
        scalar < 0x10000 ? table[Int(scalar)] : supplementaryBits(scalar)
    }

    @inline(never)
    private static func supplementaryBits(_ scalar: UInt32) -> UInt8 {
        Unicode.Scalar(scalar).map(bits(of:)) ?? 0
    }

    private static func bits(of scalar: Unicode.Scalar) -> UInt8 {
        if scalar.properties.isWhitespace { return whitespace }
        switch category(of: scalar) {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return letter
        case .decimalNumber, .letterNumber, .otherNumber: return number
        default: return 0
        }
    }

    static func isWhitespace(_ text: Span<UInt8>, at position: Int) -> Bool {
        bits(UTF8Text.scalar(text, at: position)) == whitespace
    }

    static func bits(_ scalar: UInt32) -> UInt8 {
        scalar < 0x10000 ? table[Int(scalar)] : supplementaryBits(scalar)
    }

    /// The general category as Unicode 16 has it.
    static func category(of scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
        if let age = scalar.properties.age, age.major > unicodeVersion { return .unassigned }
        // The one letter of Unicode 16 whose category version 17 changed.
        if scalar.value == 0x295 { return .lowercaseLetter }
        return scalar.properties.generalCategory
    }

    /// Oniguruma's `[\w]`: letters, marks, decimal digits, connectors, and what else is alphabetic.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch category(of: scalar) {
        case .unassigned: false
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: scalar.properties.isAlphabetic
        }
    }

    /// `\w` as the added tokens' `single_word` asks it: that of Unicode Technical Standard 18, with the joiners.
    static func isWordForAddedTokens(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == 0x200C || scalar.value == 0x200D || isWord(scalar)
    }

    /// All characters that the Digits pre-tokenizer takes for numeric; its tables are as new as Swift's.
    static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    /// What the Punctuation pre-tokenizer splits at: ASCII's, and the punctuation that Unicode 8 had.
    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return !CharacterClass.isNumeric(scalar) && !scalar.properties.isAlphabetic && scalar.value > 0x20
                && scalar.value < 0x7F
        }
        guard let age = scalar.properties.age, age.major <= 8 else { return false }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }
}
