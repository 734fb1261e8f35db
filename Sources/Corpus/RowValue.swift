/// A JSON value of a row, as it stands in the file.
enum RowValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number in its own spelling, for what is written out again must not change.
    case number(String)
    case text(String)
    /// A list of whole numbers, 8 bytes each: only of fields that hold ids, which are most of a file that has them.
    case integers([Int])
    case list([RowValue])
    case object([Member])

    /// One member of an object, in the order of the file.
    struct Member: Equatable, Sendable {
        let name: String
        let value: RowValue
    }

    /// The member of an object; nil where it is absent or null, or where this is no object.
    subscript(name: String) -> RowValue? {
        guard case .object(let members) = self, let found = members.first(where: { $0.name == name })?.value,
            found != .null
        else { return nil }
        return found
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var list: [RowValue]? {
        if case .list(let values) = self { values } else { nil }
    }

    var isWholeNumber: Bool {
        if case .number(let digits) = self { digits.allSatisfy { $0.isNumber || $0 == "-" } } else { false }
    }

    /// The value in words, as they follow "found".
    var found: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): String(digits.prefix(20))
        case .text: "text"
        case .integers: "a list of numbers"
        case .list: "a list"
        case .object: "an object"
        }
    }
}
