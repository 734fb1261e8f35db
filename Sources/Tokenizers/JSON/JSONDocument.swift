/// A JSON text that was checked in full and laid out as a flat list of nodes.
///
/// Strings and keys stay bytes: Swift compares `String` by canonical equivalence, which would merge tokens that differ
/// only in their normalisation form. No node owns memory of its own, so a vocabulary of 150,000 entries costs one
/// array.
struct JSONDocument: Sendable {
    enum Kind: UInt8 {
        case null, bool, number, string, array, object
    }

    /// One value. An object's children alternate between key and value.
    struct Node {
        var kind: Kind
        /// A string with backslashes in it, or `true`.
        var flag: Bool
        /// The content in `bytes`: a string without its quotes, a number's digits.
        var start: Int
        var end: Int
        /// The node after this value and all its children.
        var next: Int
    }

    let file: String
    let bytes: [UInt8]
    let nodes: [Node]

    var root: JSONValue { JSONValue(document: self, node: 0, path: []) }

    /// Reads a JSON text, and throws the line and column where it is not JSON.
    init(file: String, bytes: [UInt8]) throws(TokenizerError) {
        var parser = JSONParser(file: file, bytes: bytes)
        self.nodes = try parser.parse()
        self.file = file
        self.bytes = bytes
    }
}
