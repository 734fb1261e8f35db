/// A function that an assistant calls.
package struct ToolCall: Equatable, Sendable {
    package var name: String
    /// A JSON value, on one line.
    package var arguments: String

    package init(name: String, arguments: String) {
        self.name = name
        self.arguments = arguments
    }
}

extension ToolCall {
    /// The call as one line of JSON, with the name that the layout gives the arguments.
    func json(arguments key: String) -> String {
        "{\"name\": \(JSONEscape.quoted(name)), \"\(key)\": \(arguments)}"
    }
}
