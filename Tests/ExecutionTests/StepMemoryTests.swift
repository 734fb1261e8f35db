import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Kernels
import Optimizers
import Quantization
import Sharding
import Testing
import Transformer

@Suite("The plan of a step's memory")
struct StepMemoryTests {
    private struct Wrong: Error { let planned, held: Int }

    private static let architecture = Architecture(
        family: "llama", vocabularySize: 97, hiddenSize: 64, intermediateSize: 128, layerCount: 3, headCount: 4,
        keyValueHeadCount: 2, headSize: 16, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000),
        maximumPositions: 64, tiesEmbeddings: true)
    private static let adapter = AdapterDescription(
        rank: 8, alpha: 16, targets: Set(LinearRole.allCases), baseModelPath: "test")

    /// In a process of its own, for the count is the process's and other tests run beside this one.
    @Test("It is what the ranks hold after a step, to the byte, whatever is trained")
    func exact() async {
        await #expect(processExitsWith: .success) {
            let base = try SyntheticBase(Self.architecture, linearFormat: .nf4())
            for recomputation in Recomputation.allCases {
                try Self.check(base, adapter: Self.adapter, ranks: 1, recomputation: recomputation)
            }
            for stage in ZeROStage.allCases {
                try Self.check(base, adapter: Self.adapter, ranks: 3, stage: stage, recomputation: .nothing)
                try Self.check(nil, adapter: nil, ranks: 3, stage: stage, recomputation: .everything)
            }
            try Self.check(nil, adapter: nil, ranks: 1, recomputation: .everything)
            try Self.check(base, adapter: Self.adapter, ranks: 3, isLocal: true, recomputation: .nothing)
        }
    }

    private static func check(
        _ base: SyntheticBase?, adapter: AdapterDescription?, ranks: Int, stage: ZeROStage = .parameters,
        isLocal: Bool = false, recomputation: Recomputation
    ) throws {
        let before = AlignedStorage.heldByteCount
        let results = try InProcessWorld.run(size: ranks) { communicator in
            let step = try PlannedStep(
                architecture, base: base, adapter: adapter, recomputation: recomputation, stage: stage,
                isLocal: isLocal,
                communicator: communicator)
            return try withExtendedLifetime(step) {
                try step.run()
                _ = try communicator.allReduce([0], .sum)
                let held = AlignedStorage.heldByteCount
                _ = try communicator.allReduce([0], .sum)
                let (scratch, planned) = (step.context.scratchByteCount, step.memory.scratch)
                guard scratch == planned else { throw Wrong(planned: planned, held: scratch) }
                return (held: held, planned: step.memory.ownByteCount - planned)
            }
        }
        let planned = results.reduce(0) { $0 + $1.planned }
        for result in results where result.held - before != planned {
            throw Wrong(planned: planned, held: result.held - before)
        }
    }
}

/// One rank with all that a training step needs, as a run makes it.
private final class PlannedStep {
    let context: KernelContext
    let memory: StepMemory
    private let runner: ModelRunner
    private let sums: ExactGradientSum
    private let update: TrainableUpdate
    private let outer: OuterStep?
    private let room: BatchRoom

    init(
        _ architecture: Architecture, base: SyntheticBase?, adapter: AdapterDescription?,
        recomputation: Recomputation, stage: ZeROStage, isLocal: Bool, communicator: any Communicator
    ) throws {
        let space = LogicalSpace(adapter.map { architecture.adapterTensors($0) } ?? architecture.trainableTensors)
        let layout = StepLayout(
            architecture, adapter: adapter.map { AdapterSettings($0) },
            extent: StepLayout.Extent(tokens: 24, logitRows: 7, recomputation: recomputation))
        context = try KernelContext(threads: 2)
        memory = StepMemory(
            layout: layout, space: space,
            base: base.map { base in architecture.units.map { base.layout(of: $0) } } ?? [],
            longestSequence: 12, context: context,
            rank: communicator.rank, ranks: communicator.size, stage: stage, isLocal: isLocal)
        let group: any Communicator = isLocal ? SoloCommunicator() : communicator
        let units = try TrainableUnits(space: space, units: architecture.units, communicator: group, stage: stage)
        outer =
            isLocal
            ? try OuterStep(
                local: units,
                shared: TrainableUnits(space: space, units: architecture.units, communicator: communicator),
                learningRate: 1, momentum: 0, communicator: communicator, context: context) : nil
        runner = try ModelRunner(
            layout: layout, frozen: base.map { FrozenUnits(source: $0, keepsPages: false) }, trainables: units,
            longestSequence: 12, context: context, compute: .int8)
        sums = try ExactGradientSum(space: space, communicator: group, stage: stage)
        update = try TrainableUpdate(units, optimizer: AdamW(), communicator: group, context: context)
        room = try BatchRoom(tokenCapacity: 24)
    }

    func run() throws {
        let set = examples([[1, 5, 9, 2, 96, 4, 3, 8, 7, 11, 0, 6], [12, 40, 3]])
        let batch = MicroBatch.inOrder([0, 1], of: set, microBatchSize: 2)[0]
        let result = try runner.trainMicroBatch(
            room.batch(batch, of: set), gradientScale: 1 / Float(batch.targetCount), dropout: nil, sums: sums,
            limit: ExactGradientSum.limit(addends: 1))
        #expect(result.inRange && result.loss.isFinite)
        try sums.reduce()
        #expect(try update.norm(sums).isFinite)
        try update.apply(sums, number: 1, learningRate: 1e-3, gradientScale: 1)
        if let outer { #expect(try outer.run()) }
    }
}
