package import Architectures
import Buffers
package import Kernels
import Quantization
package import Sharding
package import Transformer

/// A model over ranks: walks its units forward and backward with the frozen bytes and the trainable parameters that
/// `Sharding` lends, and lets `Transformer` compute. Only this floor knows both.
///
/// Each walk asks for the next unit before it computes the present one. Every rank makes every walk; one that has no
/// micro-batch left in a round joins with `accompany…`.
package final class ModelRunner {
    package let architecture: Architecture
    package let activations: Activations
    package let compute: Compute
    let context: KernelContext
    let frozen: FrozenUnits
    let trainables: TrainableUnits?
    let rotary: RotaryTable
    let gradients: UnitGradients?
    /// Where the time goes; nil outside benchmarks.
    package var partTimes: PartTimes?

    /// - Parameters:
    ///   - trainables: the adapters; nil for the bare base.
    ///   - longestSequence: how many positions a sequence may have.
    package init(
        layout: StepLayout, frozen: FrozenUnits, trainables: TrainableUnits?, longestSequence: Int,
        context: KernelContext, compute: Compute
    ) throws {
        architecture = layout.architecture
        activations = try Activations(layout)
        self.frozen = frozen
        self.trainables = trainables
        self.context = context
        self.compute = compute
        rotary = try RotaryTable(
            frequencies: architecture.rotary.inverseFrequencies(headSize: architecture.headSize),
            positions: longestSequence)
        gradients = try trainables.flatMap { trainables in
            try layout.extent.inferenceOnly
                ? nil : UnitGradients(space: trainables.space, units: layout.architecture.units)
        }
    }

    /// Runs a part of a step, and times it where that is wanted.
    func timed<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
        guard let partTimes else { return try body() }
        return try partTimes.measure(part, body)
    }

    var blockIndices: Range<Int> { 0..<architecture.layerCount }

    /// The block at `index` with the weights that are lent now.
    func withBlock<Result>(
        _ index: Int, dropout: DropoutKey?, then next: UnitID?, _ body: (Block) throws -> Result
    ) throws -> Result {
        let unit = UnitID.block(index)
        let lent = frozen.acquire(unit)
        defer { frozen.release(unit) }
        let values = try trainables?.acquire(unit)
        defer { trainables?.release(unit) }
        if let next {
            frozen.prefetch(next)
            trainables?.prefetch(next)
        }
        let block = Block(
            index: index, parameters: parameters(lent, values), activations: activations, rotary: rotary,
            context: context, compute: compute, dropout: dropout)
        return try body(block)
    }

    private func parameters(_ lent: LentUnit, _ values: UnsafeMutableBufferPointer<Float>?) -> BlockParameters {
        let settings = activations.layout.adapter
        let adapters = settings.flatMap { settings in
            values.map { architecture.adapterMatrices(in: $0, settings: settings) }
        }
        return BlockParameters(
            inputNorm: lent.weight(.inputNorm), postAttentionNorm: lent.weight(.postAttentionNorm),
            linears: PerLinear { role in
                LinearParameters(
                    weight: lent.weight(.weight(role)), bias: lent.optionalWeight(.bias(role)),
                    adapter: adapters?[role])
            })
    }

    func withHead<Result>(_ body: (Head) throws -> Result) rethrows -> Result {
        let lent = frozen.acquire(.head)
        defer { frozen.release(.head) }
        guard architecture.tiesEmbeddings else {
            return try body(head(norm: lent, weight: lent.weight(.head)))
        }
        let embedding = frozen.acquire(.embedding)
        defer { frozen.release(.embedding) }
        return try body(head(norm: lent, weight: embedding.weight(.embedding)))
    }

    private func head(norm: LentUnit, weight: WeightView) -> Head {
        Head(
            norm: norm.weight(.finalNorm), weight: weight, activations: activations, context: context,
            compute: compute)
    }

    /// The embedding of the tokens into the first slot of the stream.
    func embed(_ batch: TokenBatch) {
        let lent = frozen.acquire(.embedding)
        defer { frozen.release(.embedding) }
        let stream = activations.matrix(activations.layout.stream(0), rows: batch.count)
        context.embed(batch.tokens, from: lent.weight(.embedding), into: stream)
    }
}
