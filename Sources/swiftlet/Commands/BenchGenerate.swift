import ArgumentParser
import Architectures
import Evaluation
import Execution
import Foundation
import Kernels
import Reporting

struct BenchGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Time the generation of tokens with a random model of a given shape.",
        discussion: """
            NF4 base with double quantisation, embedding and head in bf16, keys and values in fp32; the median over \
            the rounds. A round makes one token for each sequence and reads all weights: its speed is given as a \
            fraction of the speed at which as many threads read memory.
            """)

    @Option(help: "tiny, 60m, 350m, 1b, 7b, 13b, 70b, or a model directory whose config.json gives the shape.")
    var shape = "1b"

    @Option(help: "New tokens of each sequence.")
    var tokens = 64

    @Option(help: "Tokens of each prompt.")
    var prompt = 32

    @Option(help: "Sequences at once.")
    var batch = 1

    @Option(help: "The arithmetic of the products with the base's weights: fp32, bf16 or int8.")
    var compute: Compute = .int8

    @Option(help: "Threads; default: all cores.")
    var threads: Int?

    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard (2...1 << 16).contains(tokens), (1...1 << 16).contains(prompt), (1...1024).contains(batch) else {
            throw ValidationError("--tokens must be from 2 to 65536, --prompt from 1 to 65536, --batch from 1 to 1024")
        }
        if let threads, threads < 1 || threads > 4096 { throw ValidationError("--threads must be from 1 to 4096") }
    }

    func run() throws {
        let result = try GenerationBenchmark(
            architecture: BenchShapes.architecture(shape), promptLength: prompt, newTokens: tokens, batchSize: batch,
            compute: compute, threads: threads ?? HostThreads.usable
        ).run()
        if json { return try Console.print(json: [result]) }
        Console.print(
            """
            \(shape), \(Wording.plural(batch, "sequence")) of \(prompt) + \(tokens) tokens, \(compute.rawValue), \
            \(Wording.plural(result.threads, "thread"))
              \(String(format: "%.1f", result.tokens_per_second)) tokens/s \
            (at best \(String(format: "%.1f", result.best_tokens_per_second))), \
            \(Wording.bytes(Int(result.bytes_per_token))) a token
              \(String(format: "%.1f", result.gigabytes_per_second)) of \
            \(String(format: "%.1f", result.peak_gigabytes_per_second)) GB/s \
            (\(String(format: "%.0f", 100 * result.fraction_of_peak)) %)
            """)
    }
}
