/// A prompt, and what should follow it where the row says so: `{"prompt", "completion"}`.
package struct PromptRow: Equatable, Sendable {
    package var prompt: String
    package var completion: String?

    package init(prompt: String, completion: String? = nil) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension PromptRow {
    init(_ row: Row) throws {
        prompt = try row.text("prompt", of: "prompt_completion", with: ["prompt", "completion"])
        completion = try row.optionalText("completion")
    }
}
