/// Which fields a row has, and what of it is learned.
package enum RowKind: String, Sendable, CaseIterable {
    /// `{"text"}`: everything is learned.
    case text
    /// `{"prompt", "completion"}`: the completion is learned, and EOS after it.
    case promptCompletion = "prompt_completion"
    /// `{"input_ids", "labels"}`: as it stands; without labels everything is learned.
    case pretokenized
    /// `{"instruction", "input", "output", "system", "history"}`: a conversation; the last three may be absent.
    case alpaca
    /// `{"conversations": [{"from", "value"}], "system", "tools"}`: a conversation.
    case sharegpt
    /// `{"messages": [{"role", "content"}], "tools"}`: a conversation.
    case chatTemplate = "chat_template"

    /// The fields that a row must have.
    var requiredFields: [String] {
        switch self {
        case .text: ["text"]
        case .promptCompletion: ["prompt", "completion"]
        case .pretokenized: ["input_ids"]
        case .alpaca: ["instruction", "output"]
        case .sharegpt: ["conversations"]
        case .chatTemplate: ["messages"]
        }
    }

    /// Whether a row is laid out as a conversation: then the assistant's turns are learned.
    package var isConversation: Bool {
        switch self {
        case .text, .promptCompletion, .pretokenized: false
        case .alpaca, .sharegpt, .chatTemplate: true
        }
    }

    private static let detectionOrder: [RowKind] = [
        .pretokenized, .promptCompletion, .chatTemplate, .sharegpt, .alpaca, .text,
    ]

    /// The kind whose fields a row has; where it has those of several, what stands for itself comes before plain text.
    static func detect(_ row: Row) throws -> RowKind {
        let found = detectionOrder.first { kind in kind.requiredFields.allSatisfy { row.fields[$0] != nil } }
        guard let found else {
            let kinds = detectionOrder.map { $0.requiredFields.joined(separator: " and ") }
            throw row.failure(
                "has the fields of no kind of row", remedy: "rows have " + kinds.joined(separator: ", or "))
        }
        return found
    }
}
