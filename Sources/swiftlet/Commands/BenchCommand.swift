import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure what this machine makes of the kernels and of a whole step.",
        subcommands: [BenchStep.self, BenchKernels.self, BenchTokenize.self])
}
