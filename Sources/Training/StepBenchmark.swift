package import Architectures
import Buffers
import Collectives
import Corpus
import Execution
package import Kernels
import Quantization
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
        /// Of them, in products with the base's weights but for the head; in 8 bits LoRA's terms are inside.
        package let product_seconds: Double
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
        let subject = subject
        let step = try SyntheticStep(
            subject, recomputation: checkpointing ? .attention : .nothing, context: context)
        let rows = ExampleSet.random(
            lengths: [Int](repeating: sequenceLength, count: microBatchSize),
            vocabularySize: architecture.vocabularySize)
        let batch = MicroBatch.inOrder(Array(0..<rows.count), of: rows, microBatchSize: microBatchSize)[0]
        let memory = ProcessMemory()
        try step.run(batch, of: rows)
        let allocated = AlignedStorage.allocationCount
        var measured: [(seconds: Double, parts: [String: Double], products: Double)] = []
        for _ in 0..<steps {
            let times = PartTimes()
            step.times = times
            try times.measure("step") { try step.run(batch, of: rows) }
            memory.sample()
            var parts = times.seconds
            let seconds = parts.removeValue(forKey: "step") ?? 0
            parts["other"] = max(0, seconds - parts.values.reduce(0, +))
            measured.append((seconds, parts, times.productSeconds))
        }
        let median = measured.sorted { $0.seconds < $1.seconds }[measured.count / 2]
        let tokens = microBatchSize * sequenceLength
        let resident = memory.peakResidentBytes
        let achieved = operations(tokens: tokens) / median.seconds
        return Result(
            tokens_per_second: Double(tokens) / median.seconds, step_seconds: median.seconds,
            peak_rss_bytes: resident, anonymous_peak_bytes: memory.anonymousPeakBytes,
            compute: compute.rawValue, threads: threads, achieved_gops: achieved / 1e9, peak_gops: peak / 1e9,
            fraction_of_peak: achieved / peak, parts: median.parts, product_seconds: median.products,
            memory: step.memory.parts.merging(["program": resident - step.memory.byteCount]) { $1 },
            base_bytes: subject.baseByteCount,
            allocations: AlignedStorage.allocationCount - allocated)
    }

    private var subject: StepSubject {
        let adapter = AdapterDescription(
            rank: 16, alpha: 32, targets: Set(LinearRole.allCases), baseModelPath: "benchmark")
        return StepSubject(
            architecture: architecture, adapter: AdapterSettings(adapter),
            space: LogicalSpace(architecture.adapterTensors(adapter)),
            base: SyntheticBase.layouts(architecture, linearFormat: .nf4()),
            tokens: microBatchSize * sequenceLength, longestSequence: sequenceLength, compute: compute)
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
