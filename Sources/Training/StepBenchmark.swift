package import Architectures
import Buffers
import Collectives
import Corpus
import Execution
package import Kernels
import Optimizers
import Quantization
import Sharding
import Transformer

/// Times whole QLoRA steps of one rank: a random base of a real shape, random tokens, real everything else.
package struct StepBenchmark {
    private let architecture: Architecture
    private let microBatchSize: Int
    private let sequenceLength: Int
    private let compute: Compute
    private let threads: Int
    private let checkpointing: Bool

    package init(
        architecture: Architecture, microBatchSize: Int, sequenceLength: Int, compute: Compute, threads: Int,
        checkpointing: Bool
    ) {
        self.architecture = architecture
        self.microBatchSize = microBatchSize
        self.sequenceLength = sequenceLength
        self.compute = compute
        self.threads = threads
        self.checkpointing = checkpointing
    }

    package struct Result: Encodable, Sendable {
        package let tokens_per_second: Double
        package let step_seconds: Double
        package let peak_rss_bytes: Int
        package let anonymous_peak_bytes: Int
        package let compute: String
        package let threads: Int
        /// Products with base weights, the head included: adapters, attention and the rest are not counted.
        package let achieved_gops: Double
        package let peak_gops: Double
        package let fraction_of_peak: Double
        /// Seconds of the median step's parts.
        package let parts: [String: Double]
        /// Bytes by part, as a run plans them; `program` is the rest of `peak_rss_bytes`.
        package let memory: [String: Int]
        /// The whole base; what of it is not in use lies in the page cache and counts as nobody's.
        package let base_bytes: Int
        /// Tensor allocations inside the measured steps.
        package let allocations: Int
    }

    /// Runs one step to warm up and `steps` measured ones.
    package func run(steps: Int) throws -> Result {
        let context = try KernelContext(threads: threads)
        let peak = context.measurePeak(of: compute) * Double(threads)
        let step = try BenchmarkStep(
            architecture: architecture, tokens: microBatchSize * sequenceLength, sequenceLength: sequenceLength,
            compute: compute, checkpointing: checkpointing, context: context)
        let rows = randomRows()
        let batch = MicroBatch.inOrder(Array(0..<rows.count), of: rows, microBatchSize: microBatchSize)[0]
        let memory = ProcessMemory()
        try step.run(batch, of: rows)
        let allocated = AlignedStorage.allocationCount
        var measured: [(seconds: Double, parts: [String: Double])] = []
        for _ in 0..<steps {
            let times = PartTimes()
            step.times = times
            try times.measure("step") { try step.run(batch, of: rows) }
            memory.sample()
            var parts = times.seconds
            let seconds = parts.removeValue(forKey: "step") ?? 0
            parts["other"] = max(0, seconds - parts.values.reduce(0, +))
            measured.append((seconds, parts))
        }
        let median = measured.sorted { $0.seconds < $1.seconds }[measured.count / 2]
        let tokens = microBatchSize * sequenceLength
        let resident = memory.peakResidentBytes
        let achieved = operations(tokens: tokens) / median.seconds
        return Result(
            tokens_per_second: Double(tokens) / median.seconds, step_seconds: median.seconds,
            peak_rss_bytes: resident, anonymous_peak_bytes: memory.anonymousPeakBytes,
            compute: compute.rawValue, threads: threads, achieved_gops: achieved / 1e9, peak_gops: peak / 1e9,
            fraction_of_peak: achieved / peak, parts: median.parts,
            memory: step.memory.parts.merging(["program": resident - step.memory.byteCount]) { $1 },
            base_bytes: step.baseByteCount,
            allocations: AlignedStorage.allocationCount - allocated)
    }

    private func randomRows() -> ExampleSet {
        let random = CounterRNG(seed: 1234, purpose: .benchmark)
        var rows = ExampleSet()
        for row in 0..<microBatchSize {
            let ids = (0..<sequenceLength).map {
                Int32(random.integer(row * sequenceLength + $0, below: architecture.vocabularySize))
            }
            rows.append(Example(ids: ids, labels: ids))
        }
        return rows
    }

    /// Two per weight and token for each product: forward, input gradient, and what is computed again.
    private func operations(tokens: Int) -> Double {
        func count(_ include: (LinearRole) -> Bool) -> Int {
            architecture.tensors.filter { $0.role.linear.map(include) ?? false }.reduce(0) { $0 + $1.elementCount }
        }
        let head = architecture.vocabularySize * architecture.hiddenSize
        let again = checkpointing ? count(\.isOfAttention) : 0
        return 2 * Double(tokens) * Double(2 * count { _ in true } + 2 * head + again)
    }
}

/// The state that a benchmark steps through.
private final class BenchmarkStep {
    private let context: KernelContext
    private let runner: ModelRunner
    private let trainables: TrainableUnits
    private let sums: ExactGradientSum
    private let update: TrainableUpdate
    private let room: BatchRoom
    let memory: StepMemory
    let baseByteCount: Int
    private var number = 0
    var times = PartTimes() {
        didSet { runner.partTimes = times }
    }

    init(
        architecture: Architecture, tokens: Int, sequenceLength: Int, compute: Compute, checkpointing: Bool,
        context: KernelContext
    ) throws {
        let adapter = AdapterDescription(
            rank: 16, alpha: 32, targets: Set(LinearRole.allCases), baseModelPath: "benchmark")
        let communicator = SoloCommunicator()
        let space = LogicalSpace(architecture.adapterTensors(adapter))
        let rows = StepLayout.Extent.logitRows(vocabularySize: architecture.vocabularySize, tokens: tokens)
        let layout = StepLayout(
            architecture, adapter: AdapterSettings(adapter),
            extent: StepLayout.Extent(
                tokens: tokens, logitRows: rows, recomputation: checkpointing ? .attention : .nothing,
                savedType: compute.savedType))
        self.context = context
        trainables = try TrainableUnits(space: space, units: architecture.units, communicator: communicator)
        AdapterInitialization.fill(trainables, seed: 0)
        let base = try SyntheticBase(architecture, linearFormat: .nf4())
        baseByteCount = architecture.units.reduce(0) { $0 + base.layout(of: $1).byteCount }
        memory = StepMemory(
            layout: layout, space: space, source: base, longestSequence: sequenceLength, context: context)
        runner = try ModelRunner(
            layout: layout, frozen: FrozenUnits(source: base, keepsPages: false),
            trainables: trainables, longestSequence: sequenceLength, context: context, compute: compute)
        sums = try ExactGradientSum(space: space, communicator: communicator)
        update = try TrainableUpdate(
            trainables, optimizer: AdamW(), communicator: communicator, context: context)
        room = try BatchRoom(tokenCapacity: tokens)
    }

    func run(_ batch: MicroBatch, of rows: ExampleSet) throws {
        sums.reset()
        let result = try runner.trainMicroBatch(
            room.batch(batch, of: rows), gradientScale: 1 / Float(batch.targetCount), dropout: nil, sums: sums,
            limit: ExactGradientSum.limit(addends: 1))
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
}
