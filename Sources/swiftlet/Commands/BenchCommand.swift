import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what this machine makes of the kernels, of a whole step, of generation, and of ranks.",
        subcommands: [BenchStep.self, BenchGenerate.self, BenchKernels.self, BenchCollectives.self, BenchTokenize.self])
}
