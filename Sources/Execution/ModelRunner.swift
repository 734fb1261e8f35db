package import Architectures
import Buffers
package import Collectives
package import Kernels
import Quantization
package import Sharding
package import Transformer

/// A model over ranks: walks its units forward and backward with the frozen bytes and the trainable parameters that
/// `Sharding` lends, and lets `Transformer` compute. Only this floor knows both.
///
/// Either the base is frozen, with or without adapters that are trained, or there is no base and everything is trained.
///
/// Each walk asks for the next unit before it computes the present one. Every rank makes every walk; one that has no
/// micro-batch left in a round joins with `accompany…`.
package final class ModelRunner {
    package let architecture: Architecture
    package let activations: Activations
    package let compute: Compute
    let context: KernelContext
    /// Nil where everything is trained.
    let frozen: FrozenUnits?
    let trainables: TrainableUnits?
    let rotary: RotaryTable
    let gradients: UnitGradients?
    let forwardOrder: [UnitID]
    let trainingOrder: [UnitID]
    /// Where the time goes; nil outside benchmarks.
    package var partTimes: PartTimes?

    /// - Parameters:
    ///   - frozen: the base; nil where `trainables` are all parameters of the model.
    ///   - trainables: the adapters, or all parameters; nil for the bare base.
    ///   - longestSequence: how many positions a sequence may have.
    package init(
        layout: StepLayout, frozen: FrozenUnits?, trainables: TrainableUnits?, longestSequence: Int,
        context: KernelContext, compute: Compute
    ) throws {
        precondition(frozen != nil || trainables != nil)
        precondition(frozen != nil || layout.adapter == nil, "an adapter needs a frozen base")
        architecture = layout.architecture
        activations = try Activations(layout)
        self.frozen = frozen
        self.trainables = trainables
        self.context = context
        self.compute = compute
        forwardOrder = architecture.forwardOrder
        trainingOrder = architecture.trainingOrder
        rotary = try RotaryTable(
            frequencies: architecture.rotary.inverseFrequencies(headSize: architecture.headSize),
            positions: longestSequence)
        gradients = try trainables.flatMap { trainables in
            try layout.extent.inferenceOnly
                ? nil : UnitGradients(space: trainables.space, architecture: layout.architecture)
        }
        try context.reserveScratch(longestSegment: longestSequence, headSize: architecture.headSize)
    }

    /// The ranks that send each other the bytes of the base, this one among them; nil where it takes no part.
    package var senders: (any Communicator)? { frozen?.senders }

    /// Runs a part of a step, and times it where that is wanted.
    func timed<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
        guard let partTimes else { return try body() }
        return try partTimes.measure(part, body)
    }

    var blockIndices: Range<Int> { 0..<architecture.layerCount }

    /// Lends a unit's weights to `body`, and begins to gather the next unit meanwhile.
    func lend<Result>(_ unit: UnitID, then next: UnitID?, _ body: (LentWeights) throws -> Result) throws -> Result {
        let base = try frozen?.acquire(unit)
        defer { frozen?.release(unit) }
        let values = try trainables?.acquire(unit)
        defer { trainables?.release(unit) }
        if let next { trainables?.prefetch(next) }
        return try body(LentWeights(base: base, values: values))
    }

    /// The block at `index` with the weights that are lent now.
    func withBlock<Result>(
        _ index: Int, dropout: DropoutKey?, then next: UnitID?, _ body: (Block) throws -> Result
    ) throws -> Result {
        try lend(.block(index), then: next) { weights in
            mapPages(of: weights)
            let block = Block(
                index: index, parameters: parameters(weights), activations: activations, rotary: rotary,
                context: context, compute: compute, dropout: dropout, timer: partTimes)
            return try body(block)
        }
    }

    /// Maps the frozen pages of a unit that is used whole.
    private func mapPages(of weights: LentWeights) {
        guard let frozen, !frozen.keepsPages, let base = weights.base else { return }
        context.touch(base.bytes)
    }

    private func parameters(_ weights: LentWeights) -> BlockParameters {
        guard let base = weights.base else { return BlockParameters(architecture.blockTensors(in: weights.trained)) }
        let settings = activations.layout.adapter
        let adapters = settings.flatMap { settings in
            weights.values.map { architecture.adapterMatrices(in: $0, settings: settings) }
        }
        return BlockParameters(
            inputNorm: base.weight(.inputNorm), postAttentionNorm: base.weight(.postAttentionNorm),
            linears: PerLinear { role in
                LinearParameters(
                    weight: base.weight(.weight(role)), bias: base.optionalWeight(.bias(role)),
                    adapter: adapters?[role])
            })
    }

    /// The end of the model with the weights that are lent now.
    func withHead<Result>(then next: UnitID? = nil, _ body: (Head) throws -> Result) throws -> Result {
        try lendHead(then: next) { head, embedding in
            if let base = head.base {
                let weight = embedding?.base?.weight(.embedding) ?? base.weight(.head)
                return try body(self.head(norm: base.weight(.finalNorm), weight: weight, pages: headPages))
            }
            let tied = embedding.map { architecture.embeddingTensor(in: $0.trained) }
            let tensors = architecture.headTensors(in: head.trained, embedding: tied)
            return try body(self.head(norm: WeightView(tensors.norm), weight: WeightView(tensors.weight)))
        }
    }

    /// Lends the head, and the embedding with it where they are tied.
    func lendHead<Result>(
        then next: UnitID?, _ body: (LentWeights, LentWeights?) throws -> Result
    ) throws -> Result {
        guard architecture.tiesEmbeddings else { return try lend(.head, then: next) { try body($0, nil) } }
        return try lend(.head, then: .embedding) { head in
            try lend(.embedding, then: next) { try body(head, $0) }
        }
    }

    private func head(norm: WeightView, weight: WeightView, pages: Head.Pages? = nil) -> Head {
        Head(
            norm: norm, weight: weight, pages: pages, activations: activations, context: context, compute: compute)
    }

    private var headPages: Head.Pages? {
        guard let frozen, !frozen.keepsPages else { return nil }
        let unit = architecture.tiesEmbeddings ? UnitID.embedding : .head
        return Head.Pages(map: context.touch, giveBack: { frozen.giveBack($0, of: unit) })
    }

    /// The embedding of the tokens into the first slot of the stream.
    func embed(_ batch: TokenBatch) throws {
        try lend(.embedding, then: nextForward(nil)) { weights in
            let stream = activations.matrix(activations.layout.stream(0), rows: batch.count)
            let table =
                weights.base?.weight(.embedding) ?? WeightView(architecture.embeddingTensor(in: weights.trained))
            // Linux maps far more than the row that is read; some rows at a time, that is never much.
            let size = weights.base == nil ? max(1, batch.count) : Self.embeddedAtOnce
            for first in stride(from: 0, to: batch.count, by: size) {
                let rows = first..<min(first + size, batch.count)
                context.embed(
                    UnsafeBufferPointer(rebasing: batch.tokens[rows]), from: table,
                    into: stream.rows(from: first, count: rows.count))
                if let base = weights.base { frozen?.giveBack(base.bytes, of: .embedding) }
            }
        }
    }

    private static let embeddedAtOnce = 64

    /// What a forward walk uses after block `index`, or after the embedding for nil.
    func nextForward(_ index: Int?) -> UnitID? {
        let next = index.map { $0 + 1 } ?? 0
        return next < architecture.layerCount ? .block(next) : .head
    }
}

extension Architecture {
    /// The units in the order in which a forward uses them; the end of the model needs a tied embedding once more.
    package var forwardOrder: [UnitID] { units + (tiesEmbeddings ? [.embedding] : []) }
    /// The same with the way back.
    package var trainingOrder: [UnitID] { forwardOrder + (0..<layerCount).reversed().map(UnitID.block) }
}
