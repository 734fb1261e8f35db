/// JSON that leaves the program: members in the given order, ASCII only, the same bytes every time.
indirect enum JSONText {
    case null
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case array([JSONText])
    case object([(String, JSONText)])

    /// One line, as Python's `json.dumps` writes it.
    var compact: String {
        switch self {
        case .array(let values): "[" + values.map(\.compact).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.quoted($0.0)): \($0.1.compact)" }.joined(separator: ", ") + "}"
        default: scalar
        }
    }

    /// Lines indented by two spaces, as Hugging Face's files are.
    func indented(_ depth: Int = 0) -> String {
        let outer = String(repeating: "  ", count: depth)
        let inner = outer + "  "
        switch self {
        case .array(let values) where !values.isEmpty:
            return "[\n" + values.map { inner + $0.indented(depth + 1) }.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { "\(inner)\(Self.quoted($0.0)): \($0.1.indented(depth + 1))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        default:
            return compact
        }
    }

    private var scalar: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        // Swift prints the shortest digits that read back as the same value, and "inf", which JSON lacks.
        case .double(let value): value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quoted(value)
        default: "null"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: quoted += "\\\""
            case 0x5C: quoted += "\\\\"
            case 0x20..<0x7F: quoted.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return quoted + "\""
    }
}

extension JSONText {
    /// A value that was read, as it goes out again.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text): self = Int(text).map(JSONText.integer) ?? .double(Double(text) ?? .nan)
        case .string(let value): self = .string(value)
        case .array(let values): self = .array(values.map(JSONText.init))
        case .object(let object): self = .object(object.members.map { ($0.key, JSONText($0.value)) })
        }
    }
}
