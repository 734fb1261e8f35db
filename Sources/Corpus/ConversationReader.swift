import Buffers
import Tokenizers

/// Makes a conversation of a row, as LLaMA-Factory, axolotl and OpenAI write them.
///
/// The order of turns is put up with where a layout can write it: two turns of a role side by side, an assistant's turn
/// at the beginning, a user's at the end (LLaMA-Factory leaves such rows out, axolotl takes them). Refused are a system
/// turn that is not the first, an observation that follows neither an assistant's turn nor another observation, and a
/// conversation without an assistant's turn.
struct ConversationReader {
    let row: Row
    let kind: RowKind
    /// Whether there has to be something to learn; a prompt may leave the answer open.
    var needsAnswer = true

    func conversation() throws -> Conversation {
        var turns = try kind == .alpaca ? alpacaTurns() : listedTurns()
        if let system = try row.optionalText("system"), !system.isEmpty {
            if turns.first?.role == .system {
                guard turns[0].text == system else {
                    throw row.failure("has a field system and another system turn", remedy: "keep one of them")
                }
            } else {
                turns.insert(ChatTurn(.system, system), at: 0)
            }
        }
        try check(turns)
        return Conversation(turns: turns, tools: try tools())
    }

    private func check(_ turns: [ChatTurn]) throws {
        for (index, turn) in turns.enumerated() {
            let before = index > 0 ? turns[index - 1].role : nil
            if turn.role == .system, before != nil {
                throw row.failure(
                    "has a system turn behind a turn of the role \(before?.rawValue ?? "")",
                    remedy: "a system turn is the first, and the only one")
            }
            if turn.role == .observation, before != .assistant, before != .observation {
                throw row.failure(
                    "has an observation with no function call before it",
                    remedy: "an observation follows an assistant's turn, or another observation")
            }
        }
        guard !needsAnswer || turns.contains(where: { $0.role == .assistant }) else {
            throw row.failure(
                "has no assistant turn, so there is nothing to learn",
                remedy: "add the answer, of the role assistant or gpt")
        }
    }

    // MARK: Alpaca

    private func alpacaTurns() throws -> [ChatTurn] {
        let fields = kind.requiredFields
        let query = [
            try row.text("instruction", of: kind.rawValue, with: fields), try row.optionalText("input") ?? "",
        ].filter { !$0.isEmpty }.joined(separator: "\n")
        if !needsAnswer, row["output"] == nil { return try history() + [ChatTurn(.user, query)] }
        let answer = try row.text("output", of: kind.rawValue, with: fields)
        return try history() + [ChatTurn(.user, query), ChatTurn(.assistant, answer)]
    }

    /// Earlier turns: pairs of a question and its answer.
    private func history() throws -> [ChatTurn] {
        guard let value = row["history"] else { return [] }
        guard let pairs = value.list else {
            throw row.failure("history must be a list of pairs of texts, found \(value.found)")
        }
        return try pairs.enumerated().flatMap { index, pair in
            guard let texts = pair.list?.map(\.text), texts.count == 2, let question = texts[0], let answer = texts[1]
            else {
                throw row.failure("history[\(index)] must be a pair of texts", remedy: "write [question, answer]")
            }
            return [ChatTurn(.user, question), ChatTurn(.assistant, answer)]
        }
    }

    // MARK: Turns

    /// The turns of `conversations` or `messages`: the names go with types, but either is taken.
    private func listedTurns() throws -> [ChatTurn] {
        let names = kind == .sharegpt ? ["conversations", "messages"] : ["messages", "conversations"]
        guard let name = names.first(where: { row[$0] != nil }), let values = row[name]?.list else {
            let name = names.first { row.fields[$0] != nil } ?? names[0]
            throw row.missing(name, "a list of turns", of: kind.rawValue, with: kind.requiredFields)
        }
        return try values.enumerated().map { index, value in
            try TurnReader(row: row, value: value, place: "\(name)[\(index)]").turn()
        }
    }

    // MARK: Tools

    private func tools() throws -> [ToolDescription] {
        guard var value = row["tools"] else { return [] }
        if let text = value.text {
            guard !text.allSatisfy(\.isWhitespace) else { return [] }
            guard let parsed = RowValue(json: text) else { throw toolsAreWrong("is not JSON") }
            value = parsed
        }
        switch value {
        case .null: return []
        case .object: return [try tool(value, "tools")]
        case .list(let values): return try values.enumerated().map { try tool($0.element, "tools[\($0.offset)]") }
        default: throw toolsAreWrong("is \(value.found)")
        }
    }

    /// A function, bare or as `{"type": "function", "function": {…}}`.
    private func tool(_ value: RowValue, _ place: String) throws -> ToolDescription {
        let isWrapped = value["type"]?.text == "function" && value["function"] != nil
        guard (isWrapped ? value["function"]?["name"] : value["name"])?.text != nil else {
            throw row.failure(
                "\(place) describes no function", remedy: "write {\"name\": …, \"description\": …, \"parameters\": {…}}"
            )
        }
        let whole =
            isWrapped
            ? value
            : .object([
                RowValue.Member(name: "type", value: .text("function")),
                RowValue.Member(name: "function", value: value),
            ])
        return ToolDescription(line: whole.json(), indented: whole.json(indent: 4))
    }

    private func toolsAreWrong(_ what: String) -> InputError {
        row.failure("tools \(what)", remedy: "tools is a list of functions, or such a list as JSON text")
    }
}
