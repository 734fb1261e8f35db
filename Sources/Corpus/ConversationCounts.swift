package import Tokenizers

/// What the conversations of a file are made of.
package struct ConversationCounts: Encodable, Sendable, Equatable {
    /// Turns by role.
    package var turns: [String: Int] = [:]
    /// Rows that name functions which may be called.
    package var rowsWithTools = 0
    package var tools = 0
    package var toolCalls = 0
    /// Turns and parts that say themselves that they are learned.
    package var learnedWeights = 0
    /// Turns and parts that say themselves that they are not.
    package var ignoredWeights = 0
    /// Assistant's turns with neither text nor call.
    package var emptyAnswers = 0

    package init() {}

    package mutating func add(_ conversation: Conversation) {
        if !conversation.tools.isEmpty { rowsWithTools += 1 }
        tools += conversation.tools.count
        for turn in conversation.turns {
            turns[turn.role.rawValue, default: 0] += 1
            toolCalls += turn.toolCalls.count
            if turn.role == .assistant, turn.text.isEmpty, turn.toolCalls.isEmpty { emptyAnswers += 1 }
            for isTrained in [turn.isTrained] + turn.parts.map(\.isTrained) {
                switch isTrained {
                case true?: learnedWeights += 1
                case false?: ignoredWeights += 1
                case nil: break
                }
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case turns, tools
        case rowsWithTools = "rows_with_tools"
        case toolCalls = "tool_calls"
        case learnedWeights = "learned_weights"
        case ignoredWeights = "ignored_weights"
        case emptyAnswers = "empty_answers"
    }
}
