import ArgumentParser
import Collectives
import Foundation
import Reporting

struct BenchCollectives: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collectives",
        abstract: "Time what ranks send each other, against the blocking calls of MPI that do the same.",
        discussion: """
            Run it under mpirun, with one rank a core at most:

              mpirun -n 2 swiftlet bench collectives

            Medians of the slowest rank. Bandwidth is the bytes of the whole vector over the time: what a rank has \
            after a gather or a broadcast, and before a reduction.
            """)

    @Option(name: .customLong("largest-bytes"), help: "Bytes of the longest vector, from 1 KiB to 1 GiB.")
    var largest = 64 << 20

    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard (1 << 10...1 << 30).contains(largest) else {
            throw ValidationError("--largest-bytes must be from 1024 to 1073741824")
        }
    }

    func run() throws {
        RankedRun.run { ranks in
            let results = try CollectiveBenchmark(ranks, largest: largest).run { name, bytes in
                if ranks.isCoordinator { Console.note("\(name), \(Wording.bytes(bytes))") }
            }
            guard ranks.isCoordinator else { return }
            if json { return try Console.print(json: results) }
            let title = "\(ranks.size) ranks on \(Wording.plural(ranks.nodeCount, "node"))"
            Console.print(title + Self.column("Swiftlet", 58 - title.count) + Self.column("MPI alone", 26))
            for result in results { Console.print(Self.row(result)) }
        }
    }

    private static func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func row(_ result: CollectiveBenchmarkResult) -> String {
        func figures(_ microseconds: Double, _ rate: Double?) -> String {
            column(String(format: "%.1f µs", microseconds), 14)
                + column(rate.map { String(format: "%.2f GB/s", $0) } ?? "", 12)
        }
        return result.name + String(repeating: " ", count: max(1, 22 - result.name.count))
            + column(result.bytes > 0 ? Wording.bytes(result.bytes) : "", 10)
            + figures(result.microseconds, result.gigabytes_per_second)
            + figures(result.raw_microseconds, result.raw_gigabytes_per_second)
            + column(String(format: "%.0f %% of MPI", 100 * result.fraction_of_raw), 14)
    }
}
