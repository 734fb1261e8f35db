import Events
import Reporting
import Synchronization

/// Keeps what would have gone to a terminal.
final class Capture: TextOutput {
    private let lines = Mutex("")
    let terminalWidth: Int?

    init(width: Int? = nil) { terminalWidth = width }

    func write(_ text: String) { lines.withLock { $0 += text } }
    var text: String { lines.withLock { $0 } }
}

/// A clock that the test sets.
final class Clock: Sendable {
    private let seconds = Mutex(0.0)

    var now: Double { seconds.withLock { $0 } }
    func advance(_ by: Double) { seconds.withLock { $0 += by } }
}

func step(_ number: Int, of total: Int = 1200, loss: Double = 1.8342, seconds: Double = 2) -> StepRecord {
    StepRecord(
        step: number, totalSteps: total, epoch: 0.5, loss: loss, gradientNorm: 0.83, learningRate: 2e-4, tokens: 5000,
        targetTokens: 4000, seconds: seconds, peakResidentBytes: 123_456_789, anonymousPeakBytes: 23_456_789)
}

let run = RunSummary(
    model: "Llama-3.1-8B", parameterCount: 8_030_261_248, baseFormat: "nf4, block 64, double quantised",
    baseByteCount: 5_570_000_000, adapter: "LoRA r 16, alpha 32, all linear layers", trainableCount: 41_943_040,
    exampleCount: 12_345, heldOutCount: 251, tokenCount: 4_123_456, sequenceLength: 2048, packing: true,
    globalBatchSize: 64, microBatchSize: 1, totalSteps: 1200, epochs: 2, compute: "fp32", gradientCheckpointing: true,
    rankCount: 8, nodeCount: 4, threadsPerRank: 16, bytesPerRank: 6_657_199_309, outputDirectory: "out/run1")
