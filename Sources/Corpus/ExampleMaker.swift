import Buffers
import Tokenizers

/// Makes an example of a row.
struct ExampleMaker {
    let loader: CorpusLoader
    let kind: RowKind

    func example(_ row: Row) throws -> Example {
        switch kind {
        case .text:
            let text = try text("text", row)
            if text.isEmpty { return Example(ids: [], labels: []) }
            let ids = closed(try encode(text, row))
            return Example(ids: ids, labels: ids)
        case .promptCompletion:
            let prompt = try text("prompt", row)
            let ids = closed(try encode(prompt + text("completion", row), row))
            guard !loader.trainsOnInputs else { return Example(ids: ids, labels: ids) }
            // The prompt is encoded once more alone: where a token straddles the border, it belongs to the completion.
            let shared = zip(try encode(prompt, row), ids).prefix { $0 == $1 }.count
            let ignored = [Int32](repeating: ExampleSet.ignored, count: shared)
            return Example(ids: ids, labels: ignored + ids[shared...])
        case .pretokenized: return try pretokenized(row)
        case .alpaca, .sharegpt, .chatTemplate: return try example(of: conversation(row), row)
        }
    }

    func conversation(_ row: Row) throws -> Conversation { try ConversationReader(row: row, kind: kind).conversation() }

    func example(of conversation: Conversation, _ row: Row) throws -> Example {
        guard let layout = loader.chatLayout else {
            throw row.failure(
                "holds a conversation, and no layout for it is named",
                remedy: "name chatml or llama3: chat_template in a job, --chat-template of a command")
        }
        let segments = layout.segments(of: conversation, trainsOnInputs: loader.trainsOnInputs)
        let chat = try encoder(row).encode(segments, of: layout)
        try check(chat.ids, row)
        let labels = zip(chat.ids, chat.isTrained).map { id, isTrained in isTrained ? id : ExampleSet.ignored }
        return Example(ids: chat.ids, labels: labels)
    }

    private func pretokenized(_ row: Row) throws -> Example {
        let ids = try ids("input_ids", row, allowsIgnored: false)
        guard row.fields["labels"] != nil else { return Example(ids: ids, labels: ids) }
        let labels = try self.ids("labels", row, allowsIgnored: true)
        guard labels.count == ids.count else {
            throw row.failure(
                "has \(ids.count) input_ids and \(labels.count) labels",
                remedy: "labels stand beside input_ids, one each")
        }
        return Example(ids: ids, labels: labels)
    }

    private func text(_ name: String, _ row: Row) throws -> String {
        try row.text(name, of: kind.rawValue, with: kind.requiredFields)
    }

    func ids(_ name: String, _ row: Row, allowsIgnored: Bool) throws -> [Int32] {
        let wanted = "a list of whole numbers"
        guard case .integers(let numbers) = row.fields[name] else {
            if let other = row[name]?.list?.first(where: { !$0.isWholeNumber }) {
                throw row.failure("\(name) must be \(wanted), found \(other.found) in it")
            }
            throw row.missing(name, wanted, of: kind.rawValue, with: kind.requiredFields)
        }
        let size = loader.vocabularySize ?? Int(Int32.max)
        return try numbers.map { number in
            guard number >= 0 && number < size || allowsIgnored && number == Int(ExampleSet.ignored) else {
                throw row.failure(
                    "\(name) has \(number), which is outside the vocabulary of \(size) ids",
                    remedy: "use the ids of this model's tokenizer")
            }
            return Int32(number)
        }
    }

    func encode(_ text: String, _ row: Row) throws -> [Int32] {
        let ids = try encoder(row).encode(text, addSpecialTokens: true)
        try check(ids, row)
        return ids
    }

    func encoder(_ row: Row) throws -> any TextEncoder {
        guard let encoder = loader.encoder else {
            throw row.failure("holds text, and there is no tokenizer", remedy: "add tokenizer.json to the model")
        }
        return encoder
    }

    func check(_ ids: [Int32], _ row: Row) throws {
        if let size = loader.vocabularySize, let id = ids.first(where: { $0 < 0 || Int($0) >= size }) {
            throw row.failure(
                "the tokenizer gives id \(id), the model has \(size)", remedy: "use the tokenizer of this model")
        }
    }

    private func closed(_ ids: [Int32]) -> [Int32] {
        guard let end = loader.endOfText, ids.last != end else { return ids }
        return ids + [end]
    }
}
