import Tokenizers

extension RowValue {
    /// The value of a JSON text; nil where it is none.
    init?(json text: String) {
        let bytes = Array(text.utf8)
        let value = bytes.withUnsafeBytes { bytes -> RowValue? in
            var reader = RowReader(bytes, range: 0..<bytes.count, file: "")
            guard let value = try? reader.value(depth: 1), reader.isAtEnd() else { return nil }
            return value
        }
        guard let value else { return nil }
        self = value
    }

    /// The value as JSON text, as Python's `json.dumps` with `ensure_ascii=False` writes it; numbers as they were.
    /// - Parameter indent: blanks a level, with every member on a line of its own; nil: all on one line.
    func json(indent: Int? = nil) -> String {
        var output = ""
        write(to: &output, indent: indent, depth: 0)
        return output
    }

    private func write(to output: inout String, indent: Int?, depth: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let digits): output += digits
        case .text(let text): output += JSONEscape.quoted(text)
        case .integers(let numbers):
            RowValue.list(numbers.map { .number("\($0)") }).write(to: &output, indent: indent, depth: depth)
        case .list(let values):
            Self.write(values, between: ("[", "]"), to: &output, indent: indent, depth: depth) { value, output in
                value.write(to: &output, indent: indent, depth: depth + 1)
            }
        case .object(let members):
            Self.write(members, between: ("{", "}"), to: &output, indent: indent, depth: depth) { member, output in
                output += JSONEscape.quoted(member.name) + ": "
                member.value.write(to: &output, indent: indent, depth: depth + 1)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: (String, String), to output: inout String, indent: Int?, depth: Int,
        _ element: (Element, inout String) -> Void
    ) {
        output += brackets.0
        for (index, value) in elements.enumerated() {
            if index > 0 { output += indent == nil ? ", " : "," }
            if let indent { output += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
            element(value, &output)
        }
        if let indent, !elements.isEmpty { output += "\n" + String(repeating: " ", count: indent * depth) }
        output += brackets.1
    }
}
