extension BytePairModel {
    private static let idLimit = Int(Int32.max) - 1

    /// Reads the `model` of a tokenizer.json.
    ///
    /// - Parameter spellsBytes: whether words come in the byte alphabet, so that they may be left as raw bytes.
    init(_ value: JSONValue, spellsBytes: Bool) throws(TokenizerError) {
        try Self.checkKind(value)
        try Self.checkDropout(value)
        vocabulary = try Self.readVocabulary(value.member("vocab"))
        prefix = try value.presentMember("continuing_subword_prefix")?.bytes() ?? []
        suffix = try value.presentMember("end_of_word_suffix")?.bytes() ?? []
        fusesUnknown = try value.flag("fuse_unk", default: false)
        ignoresMerges = try value.flag("ignore_merges", default: false)
        let unknownToken = try value.presentMember("unk_token")?.bytes()
        unknown = unknownToken.flatMap { [vocabulary] in vocabulary.id(of: $0.span) }
        let hasFallback = try value.flag("byte_fallback", default: false)
        fallbackSymbols = hasFallback ? Self.fallbackSymbols(vocabulary) : nil
        let hasAffixes = !prefix.isEmpty || !suffix.isEmpty
        byteSymbols = spellsBytes && !hasAffixes ? Self.byteSymbols(vocabulary) : nil
        let isComplete = byteSymbols != nil || fallbackSymbols?.allSatisfy { $0 >= 0 } == true
        if let unknownToken, unknown == nil, !isComplete {
            throw try value.member("unk_token").failure(
                "\"\(String(decoding: unknownToken, as: UTF8.self))\" is not in model.vocab")
        }
        let marks = try Self.readMerges(value.member("merges"), vocabulary, prefixLength: prefix.count)
        merges = marks.table
        cutsBeforeSpaceMarks =
            !marks.joinsSpaceMarks && !hasAffixes && !ignoresMerges && byteSymbols == nil
            && vocabulary.id(of: Self.spaceMark) != nil
            && unknownToken.map { !Self.endsWithSpaceMark($0.span) } ?? true
    }

    private static func checkKind(_ value: JSONValue) throws(TokenizerError) {
        guard let type = try value.presentMember("type") else {
            // Files from before the field existed; only BPE has merges.
            guard try value.optionalMember("merges") != nil else { throw value.unsupported("a model without merges") }
            return
        }
        let name = try type.string()
        guard name == "BPE" else { throw type.unsupported("the model type \(name)") }
    }

    private static func checkDropout(_ value: JSONValue) throws(TokenizerError) {
        guard let dropout = try value.presentMember("dropout"), try dropout.number() != 0 else { return }
        throw dropout.failure("merges with dropout are random", remedy: "set dropout to null")
    }

    // MARK: Vocabulary

    private static func readVocabulary(_ value: JSONValue) throws(TokenizerError) -> Vocabulary {
        guard value.kind == .object else { throw value.failure("an object of tokens and ids was expected") }
        let nodes = value.document.nodes
        // No member has children of its own unless it is wrong, so the distance counts keys and ids.
        let count = (nodes[value.node].next - value.node - 1) / 2
        let limit = Vocabulary.idLimit(entries: count)
        var vocabulary = Vocabulary(capacity: count)
        var token: [UInt8] = []
        var child = value.node + 1
        while child < nodes[value.node].next {
            token.removeAll(keepingCapacity: true)
            value.appendString(of: child, to: &token)
            let id = try readID(value, child + 1, token, limit)
            switch vocabulary.insert(token.span, id: id) {
            case .added: break
            case .duplicateToken: throw entry(value, token).failure("the token stands there twice")
            case .duplicateID: throw entry(value, token).failure("another token has the id \(id) as well")
            }
            child = nodes[child + 1].next
        }
        return vocabulary
    }

    private static func readID(
        _ value: JSONValue, _ node: Int, _ token: [UInt8], _ limit: Int
    ) throws(TokenizerError) -> Int {
        let content = value.document.nodes[node]
        let bytes = value.document.bytes
        guard content.kind == .number, content.end - content.start <= 9 else {
            return try entry(value, token, node).integer(upTo: limit)
        }
        var id = 0
        for index in content.start..<content.end {
            guard bytes[index] >= 0x30, bytes[index] <= 0x39 else {
                return try entry(value, token, node).integer(upTo: limit)
            }
            id = id * 10 + Int(bytes[index] - 0x30)
        }
        guard id <= limit else {
            throw entry(value, token, node).failure("the id \(id) is out of proportion to the vocabulary")
        }
        return id
    }

    private static func entry(_ value: JSONValue, _ token: [UInt8], _ node: Int? = nil) -> JSONValue {
        let name = "\"" + String(decoding: token.prefix(60), as: UTF8.self) + "\""
        return JSONValue(document: value.document, node: node ?? value.node, path: value.path + [.key(name)])
    }

    // MARK: Merges

    private static func readMerges(
        _ value: JSONValue, _ vocabulary: Vocabulary, prefixLength: Int
    ) throws(TokenizerError) -> (table: MergeTable, joinsSpaceMarks: Bool) {
        guard value.kind == .array else { throw value.failure("a list of merges was expected") }
        let nodes = value.document.nodes
        var reader = MergeReader(list: value, vocabulary: vocabulary, prefixLength: prefixLength)
        var child = value.node + 1
        while child < nodes[value.node].next {
            try reader.read(child)
            child = nodes[child].next
        }
        return (reader.table, reader.joinsSpaceMarks)
    }

    static func startsWithSpaceMark(_ token: Span<UInt8>) -> Bool {
        token.count >= 3 && token[0] == spaceMark[0] && token[1] == spaceMark[1] && token[2] == spaceMark[2]
    }

    static func endsWithSpaceMark(_ token: Span<UInt8>) -> Bool {
        token.count >= 3 && startsWithSpaceMark(token.extracting(token.count - 3..<token.count))
    }

    // MARK: Symbols

    private static func byteSymbols(_ vocabulary: Vocabulary) -> [Int32]? {
        let symbols = ByteAlphabet.characters.map { character in
            var spelling: [UInt8] = []
            UTF8Text.append(character, to: &spelling)
            return vocabulary.id(of: spelling.span) ?? -1
        }
        return symbols.contains(-1) ? nil : symbols
    }

    private static func fallbackSymbols(_ vocabulary: Vocabulary) -> [Int32] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            let token = Array(("<0x" + (digits.count == 1 ? "0" : "") + digits + ">").utf8)
            return vocabulary.id(of: token.span) ?? -1
        }
    }
}
