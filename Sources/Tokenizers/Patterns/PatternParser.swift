/// Reads the part of Oniguruma's Ruby syntax that tokenizers use; everything else is refused by name.
struct PatternParser {
    private static let depthLimit = 32
    private static let repeatLimit = 1_000
    /// Pairs of letters that Unicode folds to one ligature, which `(?i:…)` would have to match as well.
    private static let foldingPairs: Set<String> = ["ss", "st", "ff", "fi", "fl"]

    /// Outside a class, Oniguruma's \w has some of Latin-1's numbers as well.
    private static let bareWord: [ScalarSet.Member] = [
        .word, .range(0xB2...0xB3), .range(0xB9...0xB9), .range(0xBC...0xBE),
    ]

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false

    init(_ pattern: String) {
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func parse() throws(PatternSyntaxError) -> PatternNode {
        let node = try parseAlternatives()
        guard position == scalars.count else { throw PatternSyntaxError("an unmatched )") }
        return node
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ expected: String) -> Bool {
        let wanted = Array(expected.unicodeScalars)
        guard position + wanted.count <= scalars.count,
            scalars[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    private mutating func next(_ inside: String) throws(PatternSyntaxError) -> Unicode.Scalar {
        guard let scalar = current else { throw PatternSyntaxError("it ends inside \(inside)") }
        position += 1
        return scalar
    }

    // MARK: Structure

    private mutating func parseAlternatives() throws(PatternSyntaxError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw PatternSyntaxError("nested deeper than \(Self.depthLimit) groups") }
        var branches = [try parseSequence()]
        while take("|") { branches.append(try parseSequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func parseSequence() throws(PatternSyntaxError) -> PatternNode {
        var nodes: [PatternNode] = []
        var previous: Unicode.Scalar?
        while let scalar = current, scalar != "|", scalar != ")" {
            if ignoresCase { try checkFolding(previous, scalar) }
            previous = scalar
            nodes.append(try parseQuantified())
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private func checkFolding(_ previous: Unicode.Scalar?, _ scalar: Unicode.Scalar) throws(PatternSyntaxError) {
        guard scalar.isASCII else { throw PatternSyntaxError("(?i) with a character beyond ASCII") }
        guard let previous else { return }
        let pair = String(Character(previous)).lowercased() + String(Character(scalar)).lowercased()
        guard !Self.foldingPairs.contains(pair) else { throw PatternSyntaxError("(?i) with \(pair)") }
    }

    private mutating func parseQuantified() throws(PatternSyntaxError) -> PatternNode {
        let atom = try parseAtom()
        guard let (minimum, maximum, isInterval) = try parseQuantifier() else { return atom }
        var greed = PatternNode.Greed.greedy
        if current == "?" || current == "+" {
            // Ruby's syntax reads a{2}? and a{2}+ as a second quantifier.
            guard !isInterval else { throw PatternSyntaxError("a quantifier after {…}") }
            greed = current == "?" ? .lazy : .possessive
            position += 1
        }
        if let following = current, "*+?".unicodeScalars.contains(following) {
            throw PatternSyntaxError("a quantifier after a quantifier")
        }
        guard maximum != nil || atom.width.least > 0 else {
            throw PatternSyntaxError("a repeated group that can match nothing")
        }
        return .repeated(atom, minimum: minimum, maximum: maximum, greed: greed)
    }

    private mutating func parseQuantifier() throws(PatternSyntaxError) -> (Int, Int?, isInterval: Bool)? {
        if take("*") { return (0, nil, false) }
        if take("+") { return (1, nil, false) }
        if take("?") { return (0, 1, false) }
        guard take("{") else { return nil }
        let minimum = try parseCount()
        var maximum = minimum
        if take(",") {
            let isOpen = current == "}"
            maximum = try parseCount()
            if isOpen {
                guard minimum != nil, take("}") else { throw PatternSyntaxError("a malformed {…}") }
                return (minimum ?? 0, nil, true)
            }
        }
        guard let maximum, maximum >= minimum ?? 0, take("}") else { throw PatternSyntaxError("a malformed {…}") }
        return (minimum ?? 0, maximum, true)
    }

    private mutating func parseCount() throws(PatternSyntaxError) -> Int? {
        var value: Int?
        while let digit = current.flatMap({ Int(String($0)) }), current?.isASCII == true {
            let sum = (value ?? 0) * 10 + digit
            guard sum <= Self.repeatLimit else { throw PatternSyntaxError("a count above \(Self.repeatLimit)") }
            value = sum
            position += 1
        }
        return value
    }

    // MARK: Atoms

    private mutating func parseAtom() throws(PatternSyntaxError) -> PatternNode {
        let scalar = try next("an expression")
        switch scalar {
        case "(": return try parseGroup()
        case "[": return .set(folding(try parseClass()))
        case ".": return .set(ScalarSet([.range(0x0A...0x0A)], isNegated: true))
        case "^": return .anchor(.lineStart)
        case "$": return .anchor(.lineEnd)
        case "\\": return try parseEscape()
        case "*", "+", "?": throw PatternSyntaxError("a quantifier with nothing to repeat")
        default: return .set(folding(ScalarSet([.range(scalar.value...scalar.value)])))
        }
    }

    private func folding(_ set: ScalarSet) -> ScalarSet {
        ignoresCase ? set.ignoringCase() : set
    }

    private mutating func parseGroup() throws(PatternSyntaxError) -> PatternNode {
        let outerCase = ignoresCase
        defer { ignoresCase = outerCase }
        guard take("?") else { return try parseGroupBody() }
        if take(":") { return try parseGroupBody() }
        if take("i:") {
            ignoresCase = true
            return try parseGroupBody()
        }
        if take("-i:") {
            ignoresCase = false
            return try parseGroupBody()
        }
        if take("=") { return .look(try parseGroupBody(), ahead: true, negative: false) }
        if take("!") { return .look(try parseGroupBody(), ahead: true, negative: true) }
        if take("<=") { return .look(try fixedWidth(try parseGroupBody()), ahead: false, negative: false) }
        if take("<!") { return .look(try fixedWidth(try parseGroupBody()), ahead: false, negative: true) }
        if take(">") { return .atomic(try parseGroupBody()) }
        if take("i)") {
            // A bare (?i) governs the rest of the group that it stands in.
            ignoresCase = true
            return try parseAlternatives()
        }
        throw PatternSyntaxError("the group (?\(current.map { String($0) } ?? "")")
    }

    private mutating func parseGroupBody() throws(PatternSyntaxError) -> PatternNode {
        let node = try parseAlternatives()
        guard take(")") else { throw PatternSyntaxError("an unmatched (") }
        return node
    }

    private func fixedWidth(_ node: PatternNode) throws(PatternSyntaxError) -> PatternNode {
        let width = node.width
        guard width.least == width.most else { throw PatternSyntaxError("a look-behind of varying width") }
        return node
    }

    private mutating func parseEscape() throws(PatternSyntaxError) -> PatternNode {
        switch current {
        case "A":
            position += 1
            return .anchor(.textStart)
        case "z":
            position += 1
            return .anchor(.textEnd)
        case "Z":
            position += 1
            return .anchor(.textEndOrLastBreak)
        case "w":
            position += 1
            return .set(ScalarSet(Self.bareWord))
        case "W":
            position += 1
            return .set(ScalarSet(Self.bareWord, isNegated: true))
        default: return .set(folding(ScalarSet([try parseEscapedMember()])))
        }
    }

    /// What follows a backslash, inside a class or outside.
    private mutating func parseEscapedMember() throws(PatternSyntaxError) -> ScalarSet.Member {
        let scalar = try next("an escape")
        switch scalar {
        case "s": return .characterClass(CharacterClass.whitespace)
        case "S": return .set(ScalarSet([.characterClass(CharacterClass.whitespace)], isNegated: true))
        case "d": return .categories(GeneralCategoryBits.bit(.decimalNumber))
        case "D": return .set(ScalarSet([.categories(GeneralCategoryBits.bit(.decimalNumber))], isNegated: true))
        case "w": return .word
        case "W": return .set(ScalarSet([.word], isNegated: true))
        case "p": return try parseProperty(isNegated: false)
        case "P": return try parseProperty(isNegated: true)
        default:
            let value = try parseEscapedScalar(scalar)
            return .range(value...value)
        }
    }

    private mutating func parseEscapedScalar(_ scalar: Unicode.Scalar) throws(PatternSyntaxError) -> UInt32 {
        switch scalar {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "f": return 0x0C
        case "v": return 0x0B
        case "a": return 0x07
        case "e": return 0x1B
        case "u": return try parseHex(digits: 4)
        case "x":
            guard take("{") else { return try parseHex(digits: 2) }
            let digits = scalars[position...].prefix { $0 != "}" }.count
            let value = try parseHex(digits: digits)
            guard take("}") else { throw PatternSyntaxError("a malformed \\x{…}") }
            return value
        default:
            let isPlain = !scalar.isASCII || !(scalar.properties.isAlphabetic || CharacterClass.isNumeric(scalar))
            guard isPlain else { throw PatternSyntaxError("the escape \\\(scalar)") }
            return scalar.value
        }
    }

    private mutating func parseHex(digits: Int) throws(PatternSyntaxError) -> UInt32 {
        guard digits > 0, digits <= 6, position + digits <= scalars.count else {
            throw PatternSyntaxError("a malformed hexadecimal escape")
        }
        let text = String(String.UnicodeScalarView(scalars[position..<position + digits]))
        // A \x80 to \xff is a raw byte to Oniguruma, not a character.
        guard let value = UInt32(text, radix: 16), Unicode.Scalar(value) != nil, digits != 2 || value < 0x80 else {
            throw PatternSyntaxError("a malformed hexadecimal escape")
        }
        position += digits
        return value
    }

    private mutating func parseProperty(isNegated: Bool) throws(PatternSyntaxError) -> ScalarSet.Member {
        guard take("{") else { throw PatternSyntaxError("\\p without {…}") }
        let inverted = take("^") != isNegated
        var name = ""
        while let scalar = current, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard take("}") else { throw PatternSyntaxError("it ends inside \\p{…}") }
        let member: ScalarSet.Member
        switch name {
        case "L": member = .characterClass(CharacterClass.letter)
        case "N": member = .characterClass(CharacterClass.number)
        default:
            guard let bits = GeneralCategoryBits.bits(named: name) else {
                throw PatternSyntaxError("the property \\p{\(name)}")
            }
            guard !ignoresCase else { throw PatternSyntaxError("(?i) with \\p{\(name)}") }
            member = .categories(bits)
        }
        return inverted ? .set(ScalarSet([member], isNegated: true)) : member
    }

    // MARK: Classes

    private mutating func parseClass() throws(PatternSyntaxError) -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw PatternSyntaxError("nested deeper than \(Self.depthLimit) groups") }
        let isNegated = take("^")
        guard current != "]" else { throw PatternSyntaxError("an empty [] or a ] at the start of a class") }
        var members: [ScalarSet.Member] = []
        while current != "]" {
            guard !take("&&") else { throw PatternSyntaxError("&& in a class") }
            guard !take("[:") else { throw PatternSyntaxError("a [:name:] class") }
            members.append(try parseClassMember())
        }
        position += 1
        return ScalarSet(members, isNegated: isNegated)
    }

    private mutating func parseClassMember() throws(PatternSyntaxError) -> ScalarSet.Member {
        let scalar = try next("a class")
        if scalar == "[" { return .set(try parseClass()) }
        let member = scalar == "\\" ? try parseEscapedMember() : .range(scalar.value...scalar.value)
        guard case .range(let first) = member, current == "-", position + 1 < scalars.count,
            scalars[position + 1] != "]"
        else { return member }
        position += 1
        let end = try next("a class")
        guard end != "[" else { throw PatternSyntaxError("a [ as the end of a range") }
        let last = end == "\\" ? try parseEscapedScalar(try next("an escape")) : end.value
        guard last >= first.lowerBound else { throw PatternSyntaxError("a range that runs backwards") }
        return .range(first.lowerBound...last)
    }
}
