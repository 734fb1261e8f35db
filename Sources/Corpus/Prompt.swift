package import Tokenizers

/// What a generation continues, as a row of a file says it.
package struct Prompt: Equatable, Sendable {
    /// The line on which the row begins, from 1.
    package var line: Int
    package var ids: [Int32]
}

extension RowFile {
    /// All prompts of a file, in order: rows with `prompt` or `text`, with `input_ids`, or with a conversation, whose
    /// last answer is asked for anew where it has one.
    ///
    /// - Parameters:
    ///   - encoder: nil: only rows that hold ids can be read.
    ///   - layout: how a conversation is written, and a text as what its user says; nil: texts stand for themselves.
    ///   - vocabularySize: ids must be below it.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong.
    package func prompts(
        encoder: (any TextEncoder)?, layout: ChatLayout?, vocabularySize: Int
    ) throws -> [Prompt] {
        let loader = CorpusLoader(encoder: encoder, vocabularySize: vocabularySize)
        var prompts: [Prompt] = []
        try forEach { row in
            prompts.append(Prompt(line: row.line, ids: try ids(of: row, layout, loader)))
        }
        return prompts
    }

    private func ids(of row: Row, _ layout: ChatLayout?, _ loader: CorpusLoader) throws -> [Int32] {
        let kind = try kind(of: row)
        let maker = ExampleMaker(loader: loader, kind: kind)
        if kind == .pretokenized { return try maker.ids("input_ids", row, allowsIgnored: false) }
        let ids: [Int32]
        if kind.isConversation {
            guard let layout else {
                throw row.failure(
                    "holds a conversation, and no layout for it is named",
                    remedy: "name one with --chat-template: chatml or llama3")
            }
            ids = try maker.encoder(row).encodePrompt(conversation(row, kind), layout: layout)
        } else {
            let name = kind == .text ? "text" : "prompt"
            ids = try maker.encoder(row).encodePrompt(row.text(name, of: "prompt", with: [name]), layout: layout)
        }
        try maker.check(ids, row)
        return ids
    }

    /// The kind of a prompt: what it continues, and not what follows, decides.
    private func kind(of row: Row) throws -> RowKind {
        let kinds: [(String, RowKind)] = [
            ("prompt", .promptCompletion), ("input_ids", .pretokenized), ("messages", .chatTemplate),
            ("conversations", .sharegpt), ("instruction", .alpaca), ("text", .text),
        ]
        guard let kind = kinds.first(where: { row[$0.0] != nil }) else {
            throw row.failure("holds no prompt", remedy: "rows have " + kinds.map(\.0).joined(separator: ", or "))
        }
        return kind.1
    }

    private func conversation(_ row: Row, _ kind: RowKind) throws -> Conversation {
        var conversation = try ConversationReader(row: row, kind: kind, needsAnswer: false).conversation()
        while conversation.turns.last?.role == .assistant { conversation.turns.removeLast() }
        guard !conversation.turns.isEmpty else {
            throw row.failure("has no turn before the answer", remedy: "begin with what the user says")
        }
        return conversation
    }
}
