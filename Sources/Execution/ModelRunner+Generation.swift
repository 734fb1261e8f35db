import Architectures
import Buffers
package import Kernels
import Sharding
import Transformer

extension ModelRunner {
    /// Walks the new tokens of the room behind those in its cache, with the bits of one forward over all of them.
    ///
    /// - Parameter body: takes a place and the logits [V] behind its last token, which it may overwrite; once for each
    ///   place whose logits are wanted.
    package func extend(
        _ room: GenerationRoom, _ body: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        precondition(room.layout.step == activations.layout, "the room belongs to another runner")
        let batch = room.batch
        frozen?.begin(forwardOrder)
        try forwardWalk(batch, dropout: nil)
        let wanted = room.wanted
        try withHead { head in
            try head.forEachLogits(of: wanted.rows, in: batch) { index, logits in
                try body(Int(wanted.places[index]), logits)
            }
        }
    }
}

extension LoadedModel {
    /// A runner and the room for generating up to `sequences` sequences at once, each of at most `positions` tokens.
    /// - Parameter tokens: most new tokens of one forward: prompts are taken in parts of this many.
    package func generation(
        sequences: Int, positions: Int, tokens: Int, context: KernelContext, compute: Compute
    ) throws -> (runner: ModelRunner, room: GenerationRoom) {
        let layout = GenerationLayout(
            architecture, adapter: adapter.map { AdapterSettings($0) }, sequences: sequences, positions: positions,
            tokens: max(tokens, sequences))
        let runner = try ModelRunner(
            layout: layout.step, frozen: FrozenUnits(source: source), trainables: trainables,
            longestSequence: positions, context: context, compute: compute)
        try context.reserveScratch(longestSegment: positions, headSize: architecture.headSize)
        return (runner, try GenerationRoom(layout))
    }
}
