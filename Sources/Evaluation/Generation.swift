/// A prompt that is to be continued.
package struct GenerationRequest: Sendable, Equatable {
    /// Its number among the prompts of a run; draws follow from it.
    package var number: Int
    /// One id at least.
    package var prompt: [Int32]
    package var maximumNewTokens: Int

    package init(number: Int, prompt: [Int32], maximumNewTokens: Int) {
        precondition(number >= 0 && !prompt.isEmpty && maximumNewTokens > 0)
        self.number = number
        self.prompt = prompt
        self.maximumNewTokens = maximumNewTokens
    }
}

/// A prompt's continuation.
package struct Generation: Sendable, Equatable, Codable {
    /// Why a continuation ended.
    package enum StopReason: String, Sendable, Codable {
        /// The model ended it. The token that does so is not among the ids; a mark in letters is.
        case endOfText = "end_of_text"
        /// It has as many tokens as were asked for.
        case length
        /// The sequence is as long as the context.
        case context
    }

    package var number: Int
    /// The new ids.
    package var ids: [Int32]
    package var stop: StopReason
}
