import Architectures
import Buffers
import Collectives
package import Corpus
package import Execution
package import Kernels
import Optimizers
import Quantization
import Sharding
package import Transformer

/// Training steps of one rank on random weights in the bytes of real ones: all that a step does, but nothing to open.
package final class SyntheticStep {
    package let memory: StepMemory
    private let context: KernelContext
    private let runner: ModelRunner
    private let trainables: TrainableUnits
    private let sums: ExactGradientSum
    private let update: TrainableUpdate
    private let room: BatchRoom
    private var number = 0
    package var times = PartTimes() {
        didSet { runner.partTimes = times }
    }

    /// - Parameter logitRows: rows of logits at once; nil: as many as in a run.
    package init(
        _ subject: StepSubject, recomputation: Recomputation, logitRows: Int? = nil, context: KernelContext
    ) throws {
        let architecture = subject.architecture
        let communicator = SoloCommunicator()
        let extent = StepLayout.Extent(
            tokens: subject.tokens,
            logitRows: logitRows
                ?? StepLayout.Extent.logitRows(
                    vocabularySize: architecture.vocabularySize, tokens: subject.tokens),
            recomputation: recomputation, savedType: subject.compute.savedType)
        let layout = StepLayout(architecture, adapter: subject.adapter, extent: extent)
        self.context = context
        trainables = try TrainableUnits(space: subject.space, units: architecture.units, communicator: communicator)
        if subject.adapter == nil {
            Self.fill(trainables)
        } else {
            AdapterInitialization.fill(trainables, seed: 0)
        }
        memory = StepMemory(
            layout: layout, space: subject.space, base: subject.base, longestSequence: subject.longestSequence,
            context: context)
        runner = try ModelRunner(
            layout: layout,
            frozen: subject.base.isEmpty ? nil : FrozenUnits(source: SyntheticBase(subject.base), keepsPages: false),
            trainables: trainables, longestSequence: subject.longestSequence, context: context,
            compute: subject.compute)
        sums = try ExactGradientSum(space: subject.space, communicator: communicator)
        update = try TrainableUpdate(
            trainables, optimizer: AdamW(), communicator: communicator, context: context)
        room = try BatchRoom(tokenCapacity: subject.tokens)
    }

    /// One step of one micro-batch.
    /// - Throws: `Divergence` where a number left its range.
    package func run(_ batch: MicroBatch, of rows: ExampleSet) throws {
        times.measure("reset") { sums.reset() }
        let result = try runner.trainMicroBatch(
            room.batch(batch, of: rows), gradientScale: 1 / Float(batch.targetCount),
            dropout: DropoutKey(seed: 0, step: number, microBatch: 0), sums: sums,
            limit: ExactGradientSum.limit(addends: runner.addendsPerMicroBatch))
        guard result.inRange, result.loss.isFinite else {
            throw Divergence(step: number + 1, reason: "a benchmark's numbers left their range")
        }
        number += 1
        try times.measure("optimiser") {
            try sums.reduce()
            let norm = try update.norm(sums)
            try update.apply(
                sums, number: number, learningRate: 1e-4,
                gradientScale: GradientClipping.factor(norm: norm, maximum: 1))
        }
    }

    /// Matrices of about the spread that a model begins with, cheaper than by `ModelInitialization`; norms 1.
    private static func fill(_ trainables: TrainableUnits) {
        for (number, tensor) in trainables.space.tensors.enumerated() {
            let first = trainables.space.offsets[number]
            for index in first..<first + tensor.elementCount {
                let mixed = UInt32(truncatingIfNeeded: index) &* 2_654_435_769
                trainables.values[index] = tensor.shape.count == 2 ? Float(mixed) * 0x1.2p-36 - 0.035 : 1
            }
        }
    }
}

extension ExampleSet {
    /// Rows of random ids, all of which are to be predicted.
    package static func random(lengths: [Int], vocabularySize: Int) -> ExampleSet {
        let random = CounterRNG(seed: 1234, purpose: .benchmark)
        var rows = ExampleSet()
        var next = 0
        for length in lengths {
            let ids = (next..<next + length).map { Int32(random.integer($0, below: vocabularySize)) }
            rows.append(Example(ids: ids, labels: ids))
            next += length
        }
        return rows
    }
}
