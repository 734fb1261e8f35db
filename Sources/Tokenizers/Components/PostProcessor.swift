/// The `post_processor` of a tokenizer.json, as far as one sequence goes: what surrounds the ids of a text.
struct PostProcessor: Sendable {
    private enum Part: Sendable {
        case text
        case special([Int32])
    }

    /// Templates in the order in which they apply; offsets are not kept, so all that only trims them does nothing.
    private var templates: [[Part]] = []

    init(_ value: JSONValue?, vocabularyContains: (Int) -> Bool) throws(TokenizerError) {
        if let value { try read(value, vocabularyContains) }
    }

    private mutating func read(_ value: JSONValue, _ isKnown: (Int) -> Bool) throws(TokenizerError) {
        let type = try value.member("type")
        let name = try type.string()
        switch name {
        case "ByteLevel": break
        case "Sequence":
            for part in try value.member("processors").elements() { try read(part, isKnown) }
        case "TemplateProcessing": templates.append(try Self.template(value, isKnown))
        case "BertProcessing", "RobertaProcessing":
            let first = try Self.pair(value.member("cls"), isKnown)
            templates.append([.special([first]), .text, .special([try Self.pair(value.member("sep"), isKnown)])])
        default: throw type.unsupported("the post-processor \(name)")
        }
    }

    private static func template(_ value: JSONValue, _ isKnown: (Int) -> Bool) throws(TokenizerError) -> [Part] {
        let specials = try value.member("special_tokens")
        var parts: [Part] = []
        for part in try value.member("single").elements() {
            if let sequence = try part.optionalMember("Sequence") {
                let id = try sequence.member("id")
                guard try id.string() == "A" else { throw id.unsupported("a second text in the template of one") }
                parts.append(.text)
            } else {
                let id = try part.member("SpecialToken").member("id")
                let name = try id.string()
                guard let special = try specials.optionalMember(name) else {
                    throw id.failure("\"\(name)\" is not among special_tokens")
                }
                var ids: [Int32] = []
                for element in try special.member("ids").elements() { ids.append(try tokenID(element, isKnown)) }
                parts.append(.special(ids))
            }
        }
        guard parts.count(where: isText) == 1 else {
            throw value.unsupported("a template without the text, or with the text twice,")
        }
        return parts
    }

    private static func pair(_ value: JSONValue, _ isKnown: (Int) -> Bool) throws(TokenizerError) -> Int32 {
        let elements = try value.elements()
        guard elements.count == 2 else { throw value.failure("a token and its id were expected") }
        return try tokenID(elements[1], isKnown)
    }

    private static func tokenID(_ value: JSONValue, _ isKnown: (Int) -> Bool) throws(TokenizerError) -> Int32 {
        let id = try value.integer(upTo: Int(Int32.max))
        guard isKnown(id) else { throw value.failure("no token has the id \(id)") }
        return Int32(id)
    }

    /// Puts the special tokens around the ids of a text.
    func apply(_ ids: [Int32], addSpecialTokens: Bool) -> [Int32] {
        guard addSpecialTokens else { return ids }
        var current = ids
        for template in templates {
            var output: [Int32] = []
            output.reserveCapacity(current.count + template.count)
            for part in template {
                switch part {
                case .text: output.append(contentsOf: current)
                case .special(let special): output.append(contentsOf: special)
                }
            }
            current = output
        }
        return current
    }

    /// The special tokens before the ids of a text.
    var prefix: [Int32] { Array(apply([Self.stand], addSpecialTokens: true).prefix { $0 != Self.stand }) }

    /// Stands for a text where only its place matters.
    private static let stand: Int32 = -1

    private static func isText(_ part: Part) -> Bool {
        if case .text = part { true } else { false }
    }
}
