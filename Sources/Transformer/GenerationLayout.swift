package import Architectures
import Buffers

/// The memory of a generation: the arena of one forward, and the keys and values of every sequence.
///
/// Made before the first token, like a step's layout; nothing is allocated for a token.
package struct GenerationLayout: Sendable, Equatable {
    /// The arena of a forward over new tokens.
    package let step: StepLayout
    /// Sequences that are generated at once.
    package let sequences: Int
    /// Most tokens of a sequence, its prompt included.
    package let positions: Int

    /// - Parameter tokens: most new tokens of one forward; each sequence needs room for one.
    package init(
        _ architecture: Architecture, adapter: AdapterSettings?, sequences: Int, positions: Int, tokens: Int
    ) {
        precondition(sequences > 0 && positions > 0 && tokens >= sequences)
        let rows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: sequences)
        let extent = StepLayout.Extent(
            tokens: tokens, logitRows: rows, recomputation: .nothing, inferenceOnly: true)
        step = StepLayout(architecture, adapter: adapter, extent: extent)
        self.sequences = sequences
        self.positions = positions
    }

    /// Bytes of the keys and values of one sequence in all layers; nil where that is beyond counting.
    package static func cacheByteCount(_ architecture: Architecture, positions: Int) -> Int? {
        Checked.product([2, architecture.layerCount, positions, architecture.keyValueSize, 4])
    }

    /// Most tokens of all sequences together: attention counts them in 32 bits.
    package static let rowLimit = Int(Int32.max)
}
