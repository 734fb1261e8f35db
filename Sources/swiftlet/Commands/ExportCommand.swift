import ArgumentParser
import Architectures
import Buffers
import Checkpoints
import Execution
import Foundation
import ModelFiles
import Reporting
import Training

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Turn a checkpoint or a base store into files that other programs load.",
        discussion: """
            --to peft: the adapter of a checkpoint, as PEFT saves it.
            --to bitsandbytes: a base store as a Hugging Face directory in bitsandbytes' 4-bit layout.
            """)

    enum Target: String, CaseIterable, ExpressibleByArgument { case peft, bitsandbytes }

    @Argument(help: "A checkpoint, a directory of checkpoints (the newest is taken), or a base store.")
    var source: String

    @Option(help: "What to write.")
    var to: Target

    @Option(name: [.short, .long], help: "The directory to write.")
    var output: String

    func run() throws {
        switch to {
        case .peft: try CheckpointExport.peft(try checkpoint(), to: output)
        case .bitsandbytes: try exportBase()
        }
        Console.note("\(output): written")
    }

    private func checkpoint() throws -> CheckpointReader {
        if FileManager.default.fileExists(atPath: source + "/manifest.json") {
            return try CheckpointReader(directory: source)
        }
        let (newest, warnings) = try CheckpointReader.latest(in: source)
        for warning in warnings { Console.note("warning: \(warning)") }
        guard let newest else {
            throw InputError(
                .data, file: source, "holds no checkpoint", remedy: "name a step-NNNNNNNN directory, or its parent")
        }
        return newest
    }

    private func exportBase() throws {
        let store = try BaseStore(path: source)
        guard let configuration = store.file(named: "config.json") else {
            throw InputError(
                .data, file: source, "holds no config.json", remedy: "make the store anew with `swiftlet quantize`")
        }
        let parsed = try configuration.withUnsafeBytes {
            try ModelConfiguration(path: source + " (config.json)", bytes: $0)
        }
        let export = try BitsandbytesExport(
            configuration: parsed, architecture: store.architecture, weight: { store.weight($0) })
        try export.write(
            to: output, files: store.fileNames.compactMap { name in store.file(named: name).map { (name, $0) } },
            record: ExportRecord(baseHash: store.hash, sourceHash: store.sourceHash))
    }
}
