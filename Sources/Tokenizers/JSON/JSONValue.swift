/// A value inside a `JSONDocument`, with the path that error lines name.
struct JSONValue {
    /// One step of a path; kept apart until an error needs it.
    enum Step {
        case key(String)
        case index(Int)
    }

    let document: JSONDocument
    let node: Int
    let path: [Step]

    var kind: JSONDocument.Kind { document.nodes[node].kind }
    var isNull: Bool { kind == .null }

    /// The path as a user would write it, such as `post_processor.single[0]`.
    var place: String {
        path.reduce(into: "") { text, step in
            switch step {
            case .key(let key): text += text.isEmpty ? key : "." + key
            case .index(let index): text += "[\(index)]"
            }
        }
    }

    func failure(_ message: String, remedy: String = "correct the file or fetch it again") -> TokenizerError {
        TokenizerError(file: document.file, place: place, message: message, remedy: remedy)
    }

    /// The error for a part that Swiftlet does not build: named, never guessed.
    func unsupported(_ what: String) -> TokenizerError {
        failure(
            "\(what) is not supported", remedy: "use a model with a byte-pair-encoding tokenizer that does without it")
    }

    // MARK: Scalars

    func bool() throws(TokenizerError) -> Bool {
        guard kind == .bool else { throw failure("true or false was expected") }
        return document.nodes[node].flag
    }

    /// A whole number from 0 up to `limit`.
    func integer(upTo limit: Int) throws(TokenizerError) -> Int {
        let content = document.nodes[node]
        guard kind == .number else { throw failure("a whole number was expected") }
        var value = 0
        for byte in document.bytes[content.start..<content.end] {
            guard byte >= 0x30, byte <= 0x39 else {
                throw failure("a whole number from 0 to \(limit) was expected")
            }
            value = value * 10 + Int(byte - 0x30)
            guard value <= limit else { throw failure("a whole number from 0 to \(limit) was expected") }
        }
        return value
    }

    /// A number as it stands in the file, for messages and for comparisons with zero.
    func number() throws(TokenizerError) -> Double {
        let content = document.nodes[node]
        guard kind == .number,
            let value = Double(String(decoding: document.bytes[content.start..<content.end], as: UTF8.self))
        else { throw failure("a number was expected") }
        return value
    }

    func bytes() throws(TokenizerError) -> [UInt8] {
        guard kind == .string else { throw failure("a string was expected") }
        var output: [UInt8] = []
        appendString(of: node, to: &output)
        return output
    }

    func string() throws(TokenizerError) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }

    /// Exactly one Unicode scalar, as UTF-8.
    func scalar() throws(TokenizerError) -> [UInt8] {
        let text = try bytes()
        guard text.first.map({ UTF8Text.length(leading: $0) }) == text.count else {
            throw failure("one character was expected")
        }
        return text
    }

    /// Appends the unescaped content of a string node.
    func appendString(of node: Int, to output: inout [UInt8]) {
        let content = document.nodes[node]
        if content.flag {
            JSONEscape.unescape(document.bytes.span, content.start, content.end, into: &output)
        } else {
            output.append(contentsOf: document.bytes[content.start..<content.end])
        }
    }

    // MARK: Arrays and objects

    func elements() throws(TokenizerError) -> [JSONValue] {
        guard kind == .array else { throw failure("a list was expected") }
        var values: [JSONValue] = []
        var child = node + 1
        while child < document.nodes[node].next {
            values.append(JSONValue(document: document, node: child, path: path + [.index(values.count)]))
            child = document.nodes[child].next
        }
        return values
    }

    /// The member of an object, or nil where it is absent; a key that stands there twice is an error.
    func optionalMember(_ key: String) throws(TokenizerError) -> JSONValue? {
        guard kind == .object else { throw failure("an object was expected") }
        let wanted = Array(key.utf8)
        var found: JSONValue?
        var name: [UInt8] = []
        var child = node + 1
        while child < document.nodes[node].next {
            name.removeAll(keepingCapacity: true)
            appendString(of: child, to: &name)
            if name == wanted {
                guard found == nil else { throw failure("the key \"\(key)\" stands there twice") }
                found = JSONValue(document: document, node: child + 1, path: path + [.key(key)])
            }
            child = document.nodes[child + 1].next
        }
        return found
    }

    /// The member of an object, or nil where it is absent or null.
    func presentMember(_ key: String) throws(TokenizerError) -> JSONValue? {
        guard let value = try optionalMember(key), !value.isNull else { return nil }
        return value
    }

    func member(_ key: String) throws(TokenizerError) -> JSONValue {
        guard let value = try optionalMember(key) else { throw failure("the key \"\(key)\" is missing") }
        return value
    }

    /// A boolean member, with the value that the tokenizers library gives an absent one.
    func flag(_ key: String, default absent: Bool) throws(TokenizerError) -> Bool {
        guard let value = try presentMember(key) else { return absent }
        return try value.bool()
    }
}
