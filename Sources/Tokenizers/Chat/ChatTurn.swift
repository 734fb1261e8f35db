/// One turn of a conversation.
package struct ChatTurn: Equatable, Sendable {
    package var role: ChatRole
    /// The text, in one part or several.
    package var parts: [Part]
    /// Functions that an assistant calls, behind its text.
    package var toolCalls: [ToolCall]
    /// Whether the turn is learned; nil: as its role and the job say.
    package var isTrained: Bool?

    /// A part of a turn's text.
    package struct Part: Equatable, Sendable {
        package var text: String
        /// Whether the part is learned; nil: as the turn is.
        package var isTrained: Bool?

        package init(_ text: String, isTrained: Bool? = nil) {
            self.text = text
            self.isTrained = isTrained
        }
    }

    package init(_ role: ChatRole, parts: [Part], toolCalls: [ToolCall] = [], isTrained: Bool? = nil) {
        precondition(toolCalls.isEmpty || role == .assistant)
        self.role = role
        self.parts = parts
        self.toolCalls = toolCalls
        self.isTrained = isTrained
    }

    package init(_ role: ChatRole, _ text: String, isTrained: Bool? = nil) {
        self.init(role, parts: [Part(text)], isTrained: isTrained)
    }

    /// The whole text.
    package var text: String { parts.map(\.text).joined() }
}
