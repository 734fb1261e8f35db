import ArgumentParser

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at the rows that a job would train on.",
        subcommands: [DataCheckCommand.self])
}
