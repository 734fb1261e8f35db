import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Kernels
import Quantization
import Training
import Transformer

/// Steps of one and of two blocks of a job's shape, on random weights, timed on some ranks at once: what a step of all
/// blocks takes follows from their difference.
struct Calibration {
    let cost: StepCost
    /// Of one rank, in a block's products.
    let operationsPerSecond: Double

    /// - Parameters:
    ///   - ranks: that compute at once, as they do on a node.
    ///   - budget: seconds to take, about.
    /// - Throws: `InputError` where there is no memory for it.
    init(_ sample: JobPlan.Sample, ranks: Int, budget: Double = 6) throws {
        let steps = try CalibrationSteps(sample, budget: budget)
        let results = try InProcessWorld.run(size: ranks) { try CalibrationRank(steps, communicator: $0).run() }
        // The slowest rank is waited for.
        func slowest(_ value: (CalibrationRank.Result) -> Double) -> Double { results.map(value).max() ?? 0 }
        let tokens = Double(steps.tokens)
        let measured = StepCost(
            embedding: slowest(\.embedding) / tokens, forward: slowest(\.forward) / tokens,
            backward: slowest(\.backward) / tokens, bottom: slowest(\.bottom) / tokens,
            head: slowest(\.head) / tokens, sum: slowest(\.sum), reset: slowest(\.reset), update: slowest(\.update))
        operationsPerSecond =
            (steps.counted.forward + steps.counted.backward) / (measured.forward + measured.backward)
        cost = steps.scaled(measured)
    }

    /// Positions that a query sees, on average.
    static func context(_ lengths: [Int]) -> Double {
        let tokens = lengths.reduce(0, +)
        return lengths.reduce(0.0) { $0 + Double($1) * Double($1 + 1) / 2 } / Double(max(1, tokens))
    }
}

/// What is timed in place of a job's micro-batch: the same blocks, but one or two, a smaller vocabulary, and fewer
/// tokens where there would be no time for all.
private struct CalibrationSteps: Sendable {
    let sample: JobPlan.Sample
    let lengths: [Int]
    /// Operations a token of what is timed.
    let counted: OperationCount
    private let vocabulary: Int
    /// Operations a token of the job.
    private let wanted: OperationCount

    /// At least.
    static let repetitions = 5
    /// How long steps of one length are timed, where they are short.
    static let shortest = Duration.milliseconds(800)
    private static let fewestTokens = 128
    private static let largestVocabulary = 8192

    var tokens: Int { lengths.reduce(0, +) }
    var rows: ExampleSet { .random(lengths: lengths, vocabularySize: vocabulary) }

    init(_ sample: JobPlan.Sample, budget: Double) throws {
        let (subject, again) = (sample.subject, sample.recomputation)
        self.sample = sample
        let architecture = subject.architecture
        vocabulary = min(architecture.vocabularySize, Self.largestVocabulary)
        wanted = OperationCount(subject, recomputation: again, context: Calibration.context(sample.lengths))
        let peak = try KernelContext(threads: 1).measurePeak(of: subject.compute) * Double(sample.threads)
        // A step of one block and one of two, to warm up and some times more, at half the peak.
        let head = wanted.head * Double(vocabulary) / Double(architecture.vocabularySize)
        let operations =
            Double(1 + Self.repetitions) * (3 * (wanted.forward + wanted.backward) + 2 * head)
        let affordable = Int(min(budget * peak / 2 / operations, 1e9))
        lengths = Self.prefix(sample.lengths, tokens: max(Self.fewestTokens, affordable))
        counted = OperationCount(subject, recomputation: again, context: Calibration.context(lengths))
    }

    /// Whole sequences as far as they fit, and the beginning of the next.
    private static func prefix(_ lengths: [Int], tokens: Int) -> [Int] {
        var left = tokens
        var taken: [Int] = []
        for length in lengths where left > 1 {
            taken.append(min(length, left))
            left -= min(length, left)
        }
        return taken
    }

    /// The job's model with so many blocks.
    func subject(layers: Int) -> StepSubject {
        var result = sample.subject
        result.architecture.layerCount = layers
        result.architecture.vocabularySize = vocabulary
        let units = result.architecture.units
        let isTrained = sample.subject.space.tensors.filter { units.contains($0.unit) }
        result.space = LogicalSpace(result.adapter == nil ? result.architecture.trainableTensors : isTrained)
        let formats = Dictionary(
            sample.subject.base.flatMap(\.entries).map { ($0.tensor.role, $0.format) },
            uniquingKeysWith: { first, _ in first })
        result.base =
            sample.subject.base.isEmpty
            ? []
            : units.map { unit in
                UnitLayout(
                    unit: unit,
                    tensors: result.architecture.tensors(of: unit).map { ($0, formats[$0.role] ?? .bf16) })
            }
        result.tokens = tokens
        result.longestSequence = lengths.max() ?? 1
        return result
    }

    /// Rows of the head's logits at once: the head is decoded once for them.
    var logitRows: Int {
        let subject = sample.subject
        return min(
            tokens,
            StepLayout.Extent.logitRows(vocabularySize: subject.architecture.vocabularySize, tokens: subject.tokens))
    }

    /// From what was timed to what the job has: its vocabulary, and its lengths of sequences.
    func scaled(_ measured: StepCost) -> StepCost {
        var cost = measured
        let share = Double(sample.subject.architecture.vocabularySize) / Double(vocabulary)
        cost.head *= share
        if sample.subject.adapter == nil { cost.embedding *= share }
        cost.forward *= wanted.forward / counted.forward
        cost.backward *= wanted.backward / counted.backward
        cost.bottom *= wanted.bottom / counted.bottom
        return cost
    }
}

/// One rank's part of a calibration.
private struct CalibrationRank {
    /// Seconds of the parts of a step, and of an element of the trainable state.
    struct Result: Sendable {
        var embedding = 0.0
        var forward = 0.0
        var backward = 0.0
        var bottom = 0.0
        var head = 0.0
        var sum = 0.0
        var reset = 0.0
        var update = 0.0
    }

    private let steps: CalibrationSteps
    private let communicator: any Communicator
    private let context: KernelContext
    private let rows: ExampleSet

    init(_ steps: CalibrationSteps, communicator: any Communicator) throws {
        self.steps = steps
        self.communicator = communicator
        context = try KernelContext(threads: steps.sample.threads)
        rows = steps.rows
    }

    func run() throws -> Result {
        let pairs = try timedPairs()
        func median(_ value: (Pair) -> Double) -> Double { pairs.map(value).sorted()[pairs.count / 2] }
        let elements = Double(max(1, steps.subject(layers: 1).space.elementCount))
        var result = Result()
        result.forward = median { $0.block("forward") }
        result.backward = median { $0.block("backward", "recomputation") }
        result.bottom = median { $0.one("backward") }
        result.head = median { $0.one("head and loss") }
        result.embedding = median { max(0, $0.one("forward") - $0.block("forward")) + $0.one("embedding") }
        result.sum = median { $0.one("exact sums") } / elements
        result.reset = median { $0.one("reset") } / elements
        result.update = median { $0.one("optimiser") } / elements
        return result
    }

    /// Seconds of the parts of a step of one block, and of one of two right after it: what slows this host down for
    /// some seconds slows both.
    private struct Pair {
        let first: [String: Double]
        let second: [String: Double]

        func one(_ part: String) -> Double { first[part] ?? 0 }

        /// The second block shows what a block takes, whatever the first shares with the ends of the model. Noise must
        /// not make the difference absurd.
        func block(_ names: String...) -> Double {
            func total(_ parts: [String: Double]) -> Double { names.reduce(0) { $0 + (parts[$1] ?? 0) } }
            let all = total(second)
            return min(max(all - total(first), all / 4), all)
        }
    }

    /// All ranks at once; short steps are timed more often, by all ranks as often as each other.
    private func timedPairs() throws -> [Pair] {
        let first = try warmStep(layers: 1)
        let second = try warmStep(layers: 2)
        var pairs: [Pair] = []
        let clock = ContinuousClock()
        let start = clock.now
        var isEnough = false
        while !isEnough {
            pairs.append(Pair(first: try time(first), second: try time(second)))
            let isLong = clock.now - start > CalibrationSteps.shortest || pairs.count == 25
            isEnough =
                try pairs.count >= CalibrationSteps.repetitions
                && communicator.allReduce(isLong ? 1 : 0, .max) == 1
        }
        return pairs
    }

    private func time(_ step: SyntheticStep) throws -> [String: Double] {
        try communicator.barrier()
        step.times = PartTimes()
        try step.run(batch, of: rows)
        return step.times.seconds
    }

    private var batch: MicroBatch {
        MicroBatch.inOrder(Array(0..<rows.count), of: rows, microBatchSize: rows.count)[0]
    }

    private func warmStep(layers: Int) throws -> SyntheticStep {
        let step = try SyntheticStep(
            steps.subject(layers: layers), recomputation: steps.sample.recomputation, logitRows: steps.logitRows,
            context: context)
        try step.run(batch, of: rows)
        return step
    }
}
