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
        for result in results { Console.print("\(result)") }
    }
}
