/// Lays out one conversation.
struct ChatWriter {
    let layout: ChatLayout
    /// What is learned unless a turn says otherwise.
    let trainsOnInputs: Bool
    private(set) var segments: [ChatSegment] = []

    init(layout: ChatLayout, trainsOnInputs: Bool) {
        self.layout = layout
        self.trainsOnInputs = trainsOnInputs
        add(.beginning, trainsOnInputs)
    }

    mutating func write(_ conversation: Conversation) {
        var turns = conversation.turns[...]
        if !conversation.tools.isEmpty {
            let system = turns.first?.role == .system ? turns.removeFirst() : nil
            writeTools(conversation.tools, before: system)
        }
        for (index, turn) in zip(turns.indices, turns) {
            guard layout == .chatml, turn.role == .observation else {
                write(turn)
                continue
            }
            // Observations in a row are one turn.
            writeResponse(
                turn, isFirst: index == turns.startIndex || turns[index - 1].role != .observation,
                isLast: index == turns.endIndex - 1 || turns[index + 1].role != .observation)
        }
    }

    // MARK: Turns

    /// Writes the header of a turn.
    mutating func beginTurn(_ role: String) {
        switch layout {
        case .chatml:
            add(.mark("<|im_start|>"), trainsOnInputs)
            add(.text(role + "\n"), trainsOnInputs)
        case .llama3:
            add(.mark("<|start_header_id|>"), trainsOnInputs)
            add(.text(role), trainsOnInputs)
            add(.mark("<|end_header_id|>"), trainsOnInputs)
            add(.text("\n\n"), trainsOnInputs)
        }
    }

    private mutating func endTurn(isTrained: Bool) {
        add(.mark(layout.endOfTurn), isTrained)
        if layout == .chatml { add(.text("\n"), trainsOnInputs) }
    }

    private mutating func write(_ turn: ChatTurn) {
        let isIpython = layout == .llama3 && turn.role == .observation
        beginTurn(isIpython ? "ipython" : turn.role.rawValue)
        let parts = layout == .llama3 && !isIpython ? ChatTurn.Part.trimmed(turn.parts) : turn.parts
        write(parts, of: turn)
        writeCalls(of: turn, behindText: parts.contains { !$0.text.isEmpty })
        endTurn(isTrained: endIsTrained(turn))
    }

    private mutating func write(_ parts: [ChatTurn.Part], of turn: ChatTurn) {
        for part in parts { add(.text(part.text), part.isTrained ?? isTrained(turn)) }
    }

    private func isTrained(_ turn: ChatTurn) -> Bool {
        turn.isTrained ?? (turn.role == .assistant || trainsOnInputs)
    }

    private func endIsTrained(_ turn: ChatTurn) -> Bool {
        turn.isTrained ?? (turn.toolCalls.isEmpty ? turn.parts.last?.isTrained : nil) ?? isTrained(turn)
    }

    // MARK: Tools

    private mutating func writeCalls(of turn: ChatTurn, behindText: Bool) {
        guard !turn.toolCalls.isEmpty else { return }
        let isTrained = isTrained(turn)
        if behindText { add(.text("\n"), isTrained) }
        switch layout {
        case .chatml:
            for (index, call) in turn.toolCalls.enumerated() {
                if index > 0 { add(.text("\n"), isTrained) }
                add(.mark("<tool_call>"), isTrained)
                add(.text("\n" + call.json(arguments: "arguments") + "\n"), isTrained)
                add(.mark("</tool_call>"), isTrained)
            }
        case .llama3:
            let calls = turn.toolCalls.map { $0.json(arguments: "parameters") }
            add(.text(calls.count == 1 ? calls[0] : "[" + calls.joined(separator: ", ") + "]"), isTrained)
        }
    }

    private mutating func writeResponse(_ turn: ChatTurn, isFirst: Bool, isLast: Bool) {
        if isFirst { beginTurn("user") } else { add(.text("\n"), trainsOnInputs) }
        add(.mark("<tool_response>"), trainsOnInputs)
        add(.text("\n"), trainsOnInputs)
        write(turn.parts, of: turn)
        add(.text("\n"), trainsOnInputs)
        add(.mark("</tool_response>"), trainsOnInputs)
        if isLast { endTurn(isTrained: endIsTrained(turn)) }
    }

    /// Writes the system turn of a conversation with tools.
    private mutating func writeTools(_ tools: [ToolDescription], before system: ChatTurn?) {
        beginTurn("system")
        switch layout {
        case .chatml:
            if let system {
                write(system.parts, of: system)
                add(.text("\n\n"), trainsOnInputs)
            }
            writeToolsOfQwen(tools)
        case .llama3:
            let list = tools.map { $0.indented + "\n\n" }.joined()
            add(.text(Self.introductionOfLlama + list), trainsOnInputs)
            if let system { write(ChatTurn.Part.trimmed(system.parts), of: system) }
        }
        endTurn(isTrained: system.map(endIsTrained) ?? trainsOnInputs)
    }

    private mutating func writeToolsOfQwen(_ tools: [ToolDescription]) {
        let list = tools.map { "\n" + $0.line }.joined()
        add(.text(Self.introductionOfQwen + "<tools>" + list + "\n</tools>" + Self.demandOfQwen), trainsOnInputs)
        add(.mark("<tool_call>"), trainsOnInputs)
        add(.mark("</tool_call>"), trainsOnInputs)
        add(.text(" XML tags:\n"), trainsOnInputs)
        add(.mark("<tool_call>"), trainsOnInputs)
        add(.text("\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n"), trainsOnInputs)
        add(.mark("</tool_call>"), trainsOnInputs)
    }

    private static let introductionOfQwen = """
        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:

        """
    private static let demandOfQwen = """


        For each function call, return a json object with function name and arguments within\u{20}
        """
    private static let introductionOfLlama = """
        Environment: ipython
        You have access to the following functions. To call a function, please respond with JSON for a function call.\
        Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.\
        Do not use variables.


        """

    private mutating func add(_ content: ChatSegment.Content, _ isTrained: Bool) {
        if case .text("") = content { return }
        segments.append(ChatSegment(content, isTrained: isTrained))
    }
}
