/// A set of Unicode scalars, as a class of a pattern names it.
struct ScalarSet: Sendable {
    enum Member: Sendable {
        case range(ClosedRange<UInt32>)
        /// Bits of `CharacterClass`: letters, numbers, white space.
        case characterClass(UInt8)
        /// Bits of `GeneralCategoryBits`.
        case categories(UInt32)
        case word
        case set(ScalarSet)
    }

    private(set) var members: [Member] = []
    var isNegated = false
    /// The answers for ASCII, so that most characters cost two shifts.
    private var ascii: (low: UInt64, high: UInt64) = (0, 0)

    init(_ members: [Member], isNegated: Bool = false) {
        self.members = members
        self.isNegated = isNegated
        for value in UInt32(0)..<64 where search(value) { ascii.low |= 1 << UInt64(value) }
        for value in UInt32(64)..<128 where search(value) { ascii.high |= 1 << UInt64(value - 64) }
    }

    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 == 1 }
        if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 == 1 }
        return search(scalar)
    }

    private func search(_ scalar: UInt32) -> Bool {
        for member in members where Self.matches(member, scalar) { return !isNegated }
        return isNegated
    }

    private static func matches(_ member: Member, _ scalar: UInt32) -> Bool {
        switch member {
        case .range(let range): return range.contains(scalar)
        case .characterClass(let bits): return CharacterClass.bits(scalar) & bits != 0
        case .categories(let bits):
            guard let value = Unicode.Scalar(scalar) else { return false }
            return GeneralCategoryBits.bit(CharacterClass.category(of: value)) & bits != 0
        case .word: return Unicode.Scalar(scalar).map(CharacterClass.isWord) ?? false
        case .set(let set): return set.contains(scalar)
        }
    }

    /// The set with the other case of its ASCII letters added, and what Unicode folds to them (U+017F, U+212A).
    func ignoringCase() -> ScalarSet {
        var folded = ScalarSet(members)
        var additions: [Member] = []
        for upper in UInt32(0x41)...0x5A {
            let lower = upper | 0x20
            guard folded.contains(upper) || folded.contains(lower) else { continue }
            additions += [.range(upper...upper), .range(lower...lower)]
            if upper == 0x53 { additions.append(.range(0x17F...0x17F)) }
            if upper == 0x4B { additions.append(.range(0x212A...0x212A)) }
        }
        folded = ScalarSet(members + additions, isNegated: isNegated)
        return folded
    }
}
