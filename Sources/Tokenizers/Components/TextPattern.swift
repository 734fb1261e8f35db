/// A `pattern` of a tokenizer.json: `{"String": …}` or `{"Regex": …}`.
enum TextPattern {
    /// Reads the pattern as what it delimits.
    static func read(_ value: JSONValue) throws(TokenizerError) -> Delimiter {
        if let literal = try value.optionalMember("String") {
            let bytes = try literal.bytes()
            guard !bytes.isEmpty else { throw literal.unsupported("an empty pattern") }
            return .literal(bytes)
        }
        let text = try value.member("Regex")
        let pattern = try text.string()
        if let scanner = SplitScanner(pattern: pattern) { return .scanner(scanner) }
        do {
            return .pattern(try Pattern(pattern))
        } catch {
            throw text.unsupported("in the regular expression \(pattern), \(error.message)")
        }
    }
}
