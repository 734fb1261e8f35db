import ArgumentParser

struct ParityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity", abstract: "Write logits or gradients, to be compared with a reference implementation.",
        subcommands: [ParityLogits.self, ParityGradients.self])
}

/// What both comparisons take.
struct ParityOptions: ParsableArguments {
    @Option(help: "A Hugging Face model directory or a base store (*.base.h5).")
    var model: String

    @Option(help: "A JSON file {\"input_ids\": [[…]]} of rows of equal length.")
    var tokens: String

    @Option(help: "The safetensors file to write.")
    var output: String

    @OptionGroup
    var options: ModelOptions
}

struct ParityLogits: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits", abstract: "Write `logits` fp32 [B, S, V].")

    @OptionGroup
    var parity: ParityOptions

    func run() throws { try ParityRun(parity).writeLogits(to: parity.output) }
}

struct ParityGradients: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradients",
        abstract: "Write the gradients of the adapter under PEFT's names, and `loss` (labels are the ids).")

    @OptionGroup
    var parity: ParityOptions

    func run() throws { try ParityRun(parity).writeGradients(to: parity.output) }
}
