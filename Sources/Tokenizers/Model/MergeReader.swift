/// Reads the list of merges, each a string "a b" or a pair ["a", "b"], into a `MergeTable`.
struct MergeReader {
    private let list: JSONValue
    private let vocabulary: Vocabulary
    private let prefixLength: Int
    private(set) var table: MergeTable
    /// Whether some merge joins a character with a space mark behind it.
    private(set) var joinsSpaceMarks = false
    private var left: [UInt8] = []
    private var right: [UInt8] = []
    private var index = 0
    private var rank: UInt32 = 0
    /// The library reads a list either as pairs or as strings; the first entry says which.
    private var areStrings: Bool?

    init(list: JSONValue, vocabulary: Vocabulary, prefixLength: Int) {
        self.list = list
        self.vocabulary = vocabulary
        self.prefixLength = prefixLength
        // A pair has two children, a string none: either way this is room for all.
        table = MergeTable(capacity: list.document.nodes[list.node].next - list.node)
    }

    mutating func read(_ node: Int) throws(TokenizerError) {
        defer { index += 1 }
        left.removeAll(keepingCapacity: true)
        right.removeAll(keepingCapacity: true)
        guard try readParts(node) else { return }
        let leftID = try id(of: left, node)
        let rightID = try id(of: right, node)
        guard right.count >= prefixLength else {
            throw entry(node).failure("the second part is shorter than continuing_subword_prefix")
        }
        if BytePairModel.startsWithSpaceMark(right.span), !BytePairModel.endsWithSpaceMark(left.span) {
            joinsSpaceMarks = true
        }
        left.append(contentsOf: right[prefixLength...])
        table.insert(leftID, rightID, MergeTable.Merge(rank: rank, result: try id(of: left, node)))
        rank += 1
    }

    /// Fills `left` and `right`; false for the version line of an old merges.txt.
    private mutating func readParts(_ node: Int) throws(TokenizerError) -> Bool {
        let nodes = list.document.nodes
        let isString = nodes[node].kind == .string
        guard areStrings == nil || areStrings == isString else {
            throw entry(node).failure("strings and pairs are mixed")
        }
        areStrings = isString
        if isString { return try readString(node) }
        let first = node + 1
        guard nodes[node].kind == .array, first + 2 == nodes[node].next, nodes[first].kind == .string,
            nodes[first + 1].kind == .string
        else { throw entry(node).failure("a string \"a b\" or a pair of strings was expected") }
        list.appendString(of: first, to: &left)
        list.appendString(of: first + 1, to: &right)
        return true
    }

    private mutating func readString(_ node: Int) throws(TokenizerError) -> Bool {
        list.appendString(of: node, to: &left)
        if left.starts(with: "#version".utf8) { return false }
        let space = UInt8(ascii: " ")
        guard let split = left.firstIndex(of: space), left.lastIndex(of: space) == split else {
            throw entry(node).failure("two parts with one space between them were expected")
        }
        right.append(contentsOf: left[(split + 1)...])
        left.removeSubrange(split...)
        return true
    }

    private func id(of token: [UInt8], _ node: Int) throws(TokenizerError) -> Int32 {
        guard let id = vocabulary.id(of: token.span) else {
            throw entry(node).failure("the token \"\(String(decoding: token, as: UTF8.self))\" is not in model.vocab")
        }
        return id
    }

    private func entry(_ node: Int) -> JSONValue {
        JSONValue(document: list.document, node: node, path: list.path + [.index(index)])
    }
}
