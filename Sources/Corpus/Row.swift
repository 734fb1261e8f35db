import Buffers

/// One row of a file: its fields, and where it stands.
struct Row: Sendable {
    /// The fields that rows are made of; others were passed over.
    let fields: [String: RowValue]
    let file: String
    /// The line on which the row begins, from 1.
    let line: Int

    /// A field as it stands; nil where it is absent or null.
    subscript(name: String) -> RowValue? {
        guard let value = fields[name], value != .null else { return nil }
        return value
    }

    func failure(_ message: String, remedy: String? = nil) -> InputError {
        InputError(.data, file: file, place: "line \(line)", message, remedy: remedy)
    }

    /// A field that has to be there and to be text.
    /// - Parameter fields: what a row of this sort has, for the remedy.
    func text(_ name: String, of kind: String, with fields: [String]) throws -> String {
        guard case .text(let text) = self.fields[name] else {
            throw missing(name, "text", of: kind, with: fields)
        }
        return text
    }

    /// A field that may be absent or null, and is text where it is there.
    func optionalText(_ name: String) throws -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.text else { throw failure("\(name) must be text, found \(value.found)") }
        return text
    }

    /// What is wrong with a field that is not what it should be.
    func missing(_ name: String, _ wanted: String, of kind: String, with fields: [String]) -> InputError {
        guard let value = self.fields[name] else {
            return failure(
                "has no field \(name)", remedy: "rows of type \(kind) have \(fields.joined(separator: " and "))")
        }
        return failure("\(name) must be \(wanted), found \(value.found)")
    }
}
