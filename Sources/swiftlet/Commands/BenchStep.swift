import ArgumentParser
import Buffers
import Execution
import Foundation
import Kernels
import Reporting
import Training

struct BenchStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Time whole QLoRA steps of a random model of a given shape.",
        discussion: "LoRA r 16 on all linear layers, NF4 base with double quantisation, AdamW; median over the steps.")

    @Option(help: "tiny, 60m, 350m, 1b, 7b, 13b, 70b, or a model directory whose config.json gives the shape.")
    var shape: String

    @Option(name: .customLong("micro-batch"), help: "Sequences of a step.")
    var microBatch = 1

    @Option(name: .customLong("sequence"), help: "Tokens of a sequence.")
    var sequence = 512

    @Option(help: "The arithmetic of the products with the base's weights: fp32, bf16, int8, or auto as in a job.")
    var compute: ComputeChoice = .fp32

    @Option(help: "Threads; default: all cores.")
    var threads: Int?

    enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

    @Option(help: "Gradient checkpointing: on or off.")
    var checkpointing: Switch = .off

    @Option(help: "Measured steps, after one to warm up.")
    var steps = 5

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...4096).contains(microBatch), (2...1 << 20).contains(sequence), (1...10_000).contains(steps) else {
            throw ValidationError("--micro-batch, --sequence and --steps must be positive and sensible")
        }
        if let threads, threads < 1 || threads > 4096 { throw ValidationError("--threads must be from 1 to 4096") }
    }

    func run() throws {
        let threads = threads ?? HostThreads.usable
        let result = try StepBenchmark(
            architecture: BenchShapes.architecture(shape), microBatchSize: microBatch, sequenceLength: sequence,
            compute: compute.resolved(on: KernelContext(threads: 1)), threads: threads,
            checkpointing: checkpointing == .on
        ).run(steps: steps)
        if json { return try Console.print(json: result) }
        Console.print(
            """
            \(shape), \(microBatch) × \(sequence) tokens, \(result.compute), \
            \(Wording.plural(result.threads, "thread")), checkpointing \(checkpointing.rawValue)
              \(Wording.count(Int(result.tokens_per_second))) tokens/s, \(Wording.duration(result.step_seconds)) a step
              \(String(format: "%.1f", result.achieved_gops)) of \(String(format: "%.1f", result.peak_gops)) GFLOP/s \
            (\(String(format: "%.0f", 100 * result.fraction_of_peak)) %)
            """)
        for (name, seconds) in result.parts.sorted(by: { $0.value > $1.value }) {
            Console.print("  \(name): \(String(format: "%.1f", 100 * seconds / result.step_seconds)) %")
        }
        let products = 100 * result.product_seconds / result.step_seconds
        Console.print(
            "  products with the base's weights \(String(format: "%.1f", products)) %, all else, the head included, "
                + "\(String(format: "%.1f", 100 - products)) %")
        Console.print(
            """
              peak memory \(Wording.bytes(result.peak_rss_bytes)), of it anonymous \
            \(Wording.bytes(result.anonymous_peak_bytes)); the base of \(Wording.bytes(result.base_bytes)) lies in the \
            page cache
            """)
        for (name, bytes) in result.memory.sorted(by: { $0.value > $1.value }) {
            Console.print("  \(name.replacing("_", with: " ")): \(Wording.bytes(bytes))")
        }
    }
}
