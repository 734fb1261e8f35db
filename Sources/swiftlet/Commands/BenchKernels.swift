import ArgumentParser
import Execution
import Foundation
import Kernels

struct BenchKernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Time every kernel, and check that its result is right.")

    @Option(help: "Threads.")
    var threads = 1

    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard (1...4096).contains(threads) else { throw ValidationError("--threads must be from 1 to 4096") }
    }

    func run() throws {
        let results = try KernelBenchmark.run(context: KernelContext(threads: threads))
        if json { return try Console.print(json: results) }
        for result in results { Console.print(Self.row(result)) }
    }

    private static func row(_ result: KernelBenchmarkResult) -> String {
        func column(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        let rate =
            result.gflops.map { String(format: "%8.1f GFLOP/s", $0) }
            ?? result.gigabytesPerSecond.map { String(format: "%8.1f GB/s", $0) } ?? ""
        let fraction = result.fractionOfPeak.map { String(format: "  %3.0f %% of peak", 100 * $0) } ?? ""
        return column(result.name, 52) + column(result.shape, 34)
            + String(format: "%9.3f ms", 1000 * result.seconds) + rate + fraction
    }
}
