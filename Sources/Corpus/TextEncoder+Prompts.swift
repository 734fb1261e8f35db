package import Tokenizers

extension TextEncoder {
    /// The ids of a prompt: the text as it stands, or, with a layout, what a user says up to where the answer begins.
    package func encodePrompt(_ text: String, layout: ChatLayout?) throws -> [Int32] {
        guard let layout else { return try encode(text, addSpecialTokens: true) }
        return try encodePrompt(Conversation(turns: [ChatTurn(.user, text)]), layout: layout)
    }

    /// The ids of a conversation up to where the next answer begins.
    func encodePrompt(_ conversation: Conversation, layout: ChatLayout) throws -> [Int32] {
        try encode(layout.segments(of: conversation, addsGenerationPrompt: true), of: layout).ids
    }
}
