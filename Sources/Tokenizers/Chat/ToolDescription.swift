/// A function that may be called: one JSON object, `{"type": "function", "function": {…}}`, in the two ways in which
/// layouts write it.
package struct ToolDescription: Equatable, Sendable {
    /// On one line.
    package var line: String
    /// Indented by four spaces.
    package var indented: String

    package init(line: String, indented: String) {
        self.line = line
        self.indented = indented
    }
}
