/// How conversations are written for a model.
///
/// What is learned by default are the assistant's turns: text, calls and the mark that ends the turn, but neither the
/// header before it nor what follows the mark. A turn or part that says itself whether it is learned is heeded, and
/// then the mark that ends the turn goes with the turn, or with its last part.
package enum ChatLayout: String, Sendable, CaseIterable {
    /// `<|im_start|>role`, a newline, text, `<|im_end|>`, a newline. Tools, calls and observations as Qwen 2.5 and
    /// Hermes write them (chat_template in Qwen3's tokenizer_config.json): tools behind the system text within
    /// `<tools>`, calls within `<tool_call>`, observations as a user's turn within `<tool_response>`.
    case chatml
    /// `<|start_header_id|>role<|end_header_id|>`, two newlines, the text without blanks around it, `<|eot_id|>`.
    /// Tools, calls and observations as Llama 3.1's chat_template with `tools_in_user_message = false` writes them:
    /// tools before the system text, a call as `{"name", "parameters"}`, observations as turns of the role `ipython`.
    /// Its lines with dates are left out, observations stand there as they are, as in Meta's description of the
    /// format, several calls are one list, and a text before a call is kept, with a newline behind it.
    case llama3

    /// What only the layout may write, and no text of a turn.
    package var marks: [String] {
        switch self {
        case .chatml:
            ["<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
        case .llama3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
        }
    }

    /// The mark that ends a turn: where generation stops.
    package var endOfTurn: String {
        switch self {
        case .chatml: "<|im_end|>"
        case .llama3: "<|eot_id|>"
        }
    }

    /// Lays a conversation out.
    ///
    /// - Parameters:
    ///   - trainsOnInputs: learn everything that does not say itself that it is not learned.
    ///   - addsGenerationPrompt: end with the header of an assistant's turn, for the model to go on from there.
    package func segments(
        of conversation: Conversation, trainsOnInputs: Bool = false, addsGenerationPrompt: Bool = false
    ) -> [ChatSegment] {
        var writer = ChatWriter(layout: self, trainsOnInputs: trainsOnInputs)
        writer.write(conversation)
        if addsGenerationPrompt { writer.beginTurn("assistant") }
        return writer.segments
    }
}
