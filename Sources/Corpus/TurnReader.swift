import Buffers
import Tokenizers

/// Makes a turn of an entry of `conversations` or `messages`.
///
/// The role stands under `from` or `role`, the text under `value` or `content`. Whether a turn or a part of it is
/// learned may be said by `loss_weight` (LLaMA-Factory), `weight` (OpenAI), `train` or `training` (axolotl): false or 0
/// for no, true or 1 for yes. Weights between are refused, for a token is learned whole or not at all.
struct TurnReader {
    let row: Row
    let value: RowValue
    /// Where it stands, for messages: `messages[2]`.
    let place: String

    private enum Speaker { case turn(ChatRole), call }

    private static let speakers: [String: Speaker] = [
        "system": .turn(.system), "developer": .turn(.system),
        "user": .turn(.user), "human": .turn(.user),
        "assistant": .turn(.assistant), "gpt": .turn(.assistant),
        "function_call": .call, "tool_call": .call,
        "observation": .turn(.observation), "tool": .turn(.observation), "tool_response": .turn(.observation),
        "ipython": .turn(.observation),
    ]
    private static let weightNames = ["loss_weight", "weight", "train", "training"]

    func turn() throws -> ChatTurn {
        guard case .object = value else {
            throw row.failure("\(place) must be an object with role and content, found \(value.found)")
        }
        let isTrained = try isTrained(value, place)
        switch try speaker() {
        case .call:
            let calls = try self.calls(in: text(), "\(place).\(textName)")
            return ChatTurn(.assistant, parts: [], toolCalls: calls, isTrained: isTrained)
        case .turn(let role):
            var calls = try toolCalls()
            let parts = try parts(mayBeAbsent: !calls.isEmpty, &calls)
            guard calls.isEmpty || role == .assistant else {
                throw row.failure("\(place) calls a function, but its role is \(role.rawValue)")
            }
            return ChatTurn(role, parts: parts, toolCalls: calls, isTrained: isTrained)
        }
    }

    private func speaker() throws -> Speaker {
        let name = value["role"] == nil && value["from"] != nil ? "from" : "role"
        guard let role = value[name] else {
            throw row.failure("\(place) has no role", remedy: "write role and content, or from and value")
        }
        guard let text = role.text else { throw row.failure("\(place).\(name) must be text, found \(role.found)") }
        guard let speaker = Self.speakers[text] else {
            throw row.failure(
                "\(place) has the unknown role \(text.prefix(50))",
                remedy: "use system, user or human, assistant or gpt, function_call, or tool or observation")
        }
        return speaker
    }

    // MARK: Text

    private var textName: String {
        let isNamed = value["content"] == nil && (value["value"] != nil || value["from"] != nil)
        return isNamed ? "value" : "content"
    }

    private func text() throws -> String {
        guard let text = value[textName] else { throw row.failure("\(place) has no \(textName)") }
        guard let text = text.text else { throw row.failure("\(place).\(textName) must be text, found \(text.found)") }
        return text
    }

    /// The text, whole or in parts; calls among the parts go to `calls`.
    private func parts(mayBeAbsent: Bool, _ calls: inout [ToolCall]) throws -> [ChatTurn.Part] {
        guard let content = value[textName] else {
            guard mayBeAbsent else { throw row.failure("\(place) has no \(textName)") }
            return []
        }
        switch content {
        case .text(let text): return [ChatTurn.Part(text)]
        case .list(let values):
            var parts: [ChatTurn.Part] = []
            for (index, part) in values.enumerated() {
                try read(part, "\(place).\(textName)[\(index)]", into: &parts, &calls)
            }
            return parts
        default: throw row.failure("\(place).\(textName) must be text or a list of parts, found \(content.found)")
        }
    }

    /// A part is `{"type": "text", "text" or "value"}` or, for an assistant, `{"type": "tool_call", "value"}`.
    private func read(
        _ part: RowValue, _ place: String, into parts: inout [ChatTurn.Part], _ calls: inout [ToolCall]
    ) throws {
        guard case .object = part else {
            throw row.failure("\(place) must be an object with type and text, found \(part.found)")
        }
        let type = part["type"].map { $0.text ?? $0.found } ?? "text"
        let name = part["text"] == nil && part["value"] != nil ? "value" : "text"
        guard ["text", "tool_call"].contains(type) else {
            throw row.failure(
                "\(place) is of the type \(type.prefix(50)), which cannot be learned",
                remedy: "use parts of the type text")
        }
        guard let text = part[name]?.text else {
            throw row.failure("\(place).\(name) must be text, found \(part[name]?.found ?? "nothing")")
        }
        if type == "tool_call" {
            calls += try self.calls(in: text, "\(place).\(name)")
        } else {
            parts.append(ChatTurn.Part(text, isTrained: try isTrained(part, place)))
        }
    }

    // MARK: Calls

    /// OpenAI's `tool_calls`.
    private func toolCalls() throws -> [ToolCall] {
        guard let calls = value["tool_calls"] else { return [] }
        return try self.calls(calls, "\(place).tool_calls")
    }

    private func calls(in text: String, _ place: String) throws -> [ToolCall] {
        guard let value = RowValue(json: text) else {
            throw row.failure("\(place) is not JSON", remedy: Self.callRemedy)
        }
        let calls = try calls(value, place)
        guard !calls.isEmpty else { throw row.failure("\(place) calls no function", remedy: Self.callRemedy) }
        return calls
    }

    private func calls(_ value: RowValue, _ place: String) throws -> [ToolCall] {
        guard let values = value.list else { return [try call(value, place)] }
        return try values.enumerated().map { try call($0.element, "\(place)[\($0.offset)]") }
    }

    private func call(_ value: RowValue, _ place: String) throws -> ToolCall {
        let function = value["function"] ?? value
        guard let name = function["name"]?.text else {
            throw row.failure("\(place) names no function", remedy: Self.callRemedy)
        }
        guard let arguments = function["arguments"] else { return ToolCall(name: name, arguments: "{}") }
        guard let text = arguments.text else { return ToolCall(name: name, arguments: arguments.json()) }
        guard !text.isEmpty else { return ToolCall(name: name, arguments: "{}") }
        guard let parsed = RowValue(json: text) else {
            throw row.failure("\(place).arguments is not JSON", remedy: Self.callRemedy)
        }
        return ToolCall(name: name, arguments: parsed.json())
    }

    private static let callRemedy = "a call is {\"name\": …, \"arguments\": {…}}"

    // MARK: Weights

    private func isTrained(_ value: RowValue, _ place: String) throws -> Bool? {
        var said: Bool?
        for name in Self.weightNames {
            guard let weight = value[name] else { continue }
            guard let isTrained = Self.isTrained(weight) else {
                throw row.failure(
                    "\(place).\(name) is \(weight.found)", remedy: "use 1 or 0: a text is learned whole or not at all")
            }
            guard said == nil || said == isTrained else {
                throw row.failure(
                    "\(place) says both that it is learned and that it is not", remedy: "keep one of them")
            }
            said = isTrained
        }
        return said
    }

    private static func isTrained(_ weight: RowValue) -> Bool? {
        switch weight {
        case .bool(let value): value
        case .number(let digits):
            switch Double(digits) {
            case 0: false
            case 1: true
            default: nil
            }
        default: nil
        }
    }
}
