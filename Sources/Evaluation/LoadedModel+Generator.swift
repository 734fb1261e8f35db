import Architectures
package import Buffers
package import Execution
package import Kernels
package import Tokenizers
import Transformer

extension LoadedModel {
    /// What ends a text: the ids that config.json names, the tokenizer's, and the mark that ends a turn of the layout.
    package func endOfText(_ layout: ChatLayout? = nil) -> TextEnd {
        var ids = Set(architecture.endOfText.map { Int32($0) })
        if let id = tokenizer?.eosTokenID { ids.insert(id) }
        guard let layout, let tokenizer else { return TextEnd(ids: ids) }
        return TextEnd(ids: ids, mark: layout.endOfTurn, tokenizer: tokenizer)
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
    ///   - end: what ends a text.
    /// - Throws: `InputError` of kind `.capacity` where there is no memory.
    package func generator(
        count: Int, positions: Int, batchSize: Int?, sampling: Sampling, end: TextEnd, context: KernelContext,
        compute: Compute
    ) throws -> Generator {
        let bytes = GenerationLayout.cacheByteCount(architecture, positions: positions) ?? Int.max
        let fitting = min(Self.mostSequences, max(1, Self.cacheBytes / max(1, bytes)))
        let sequences = max(1, min(batchSize ?? fitting, count))
        let tokens = min(Self.forwardTokens, Checked.product([sequences, positions]) ?? Self.forwardTokens)
        let (runner, room) = try generation(
            sequences: sequences, positions: positions, tokens: tokens, context: context, compute: compute)
        return Generator(runner: runner, room: room, sampling: sampling, end: end)
    }
}
