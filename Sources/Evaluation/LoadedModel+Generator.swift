import Architectures
package import Buffers
package import Execution
package import Kernels
package import Tokenizers
import Transformer

extension LoadedModel {
    /// The ids that end a text: those that config.json names, the tokenizer's, and what ends a turn of the layout.
    package func endsOfText(_ layout: ChatLayout? = nil) -> Set<Int32> {
        var ends = Set(architecture.endOfText.map { Int32($0) })
        if let end = tokenizer?.eosTokenID { ends.insert(end) }
        if let end = layout.flatMap({ tokenizer?.tokenID(of: $0.endOfTurn) }) { ends.insert(end) }
        return ends
    }

    /// What to throw where text is wanted of a model without a tokenizer.
    package static func needsTokenizer(_ path: String) -> InputError {
        InputError(.data, file: path, "has no tokenizer", remedy: "add the model's tokenizer.json")
    }

    /// Keys and values that are kept at once, unless a batch size is asked for: more would gain little speed.
    private static let cacheBytes = 1 << 30
    private static let mostSequences = 64
    /// New tokens of one forward: enough for the matmuls to be efficient.
    private static let forwardTokens = 2048

    /// A generator for `count` prompts in sequences of at most `positions` tokens.
    ///
    /// - Parameters:
    ///   - batchSize: sequences at once; nil: as many as fit into a gigabyte of keys and values, up to 64.
    ///   - stops: the ids that end a text.
    /// - Throws: `InputError` of kind `.capacity` where there is no memory.
    package func generator(
        count: Int, positions: Int, batchSize: Int?, sampling: Sampling, stops: Set<Int32>, context: KernelContext,
        compute: Compute
    ) throws -> Generator {
        let bytes = GenerationLayout.cacheByteCount(architecture, positions: positions) ?? Int.max
        let fitting = min(Self.mostSequences, max(1, Self.cacheBytes / max(1, bytes)))
        let sequences = max(1, min(batchSize ?? fitting, count))
        let tokens = min(Self.forwardTokens, Checked.product([sequences, positions]) ?? Self.forwardTokens)
        let (runner, room) = try generation(
            sequences: sequences, positions: positions, tokens: tokens, context: context, compute: compute)
        return Generator(runner: runner, room: room, sampling: sampling, stops: stops)
    }
}
