/// Turns in order, and the functions that the assistant may call.
package struct Conversation: Equatable, Sendable {
    package var turns: [ChatTurn]
    package var tools: [ToolDescription]

    package init(turns: [ChatTurn], tools: [ToolDescription] = []) {
        self.turns = turns
        self.tools = tools
    }
}
