import Buffers

/// How long sequences may be, prompt and continuation together.
package struct GenerationLimits: Sendable, Equatable {
    package let contextSize: Int
    /// What else than a shorter prompt helps where one is too long.
    private let remedy: String

    package init(contextSize: Int, remedy: String? = nil) {
        self.contextSize = contextSize
        self.remedy = remedy ?? "use a model with a longer context"
    }

    /// The positions that the longest of some prompts needs, as far as the context has them.
    ///
    /// - Parameter place: the file and the place in it of the prompt with this number.
    /// - Throws: `InputError` for the first prompt that is empty or leaves no room for a token.
    package func positions(
        prompts: [[Int32]], newTokens: Int, place: (Int) -> (file: String?, place: String?)
    ) throws -> Int {
        for (number, prompt) in prompts.enumerated() {
            guard prompt.isEmpty || prompt.count >= contextSize else { continue }
            let (file, place) = place(number)
            guard !prompt.isEmpty else {
                throw InputError(
                    .data, file: file, place: place, "the prompt has no tokens", remedy: "write a longer prompt")
            }
            throw InputError(
                .data, file: file, place: place,
                "the prompt has \(prompt.count) tokens, which leaves no room in a context of \(contextSize)",
                remedy: "shorten the prompt, or \(remedy)")
        }
        let longest = prompts.map(\.count).max() ?? 0
        return min(contextSize, longest + min(newTokens, contextSize))
    }
}
