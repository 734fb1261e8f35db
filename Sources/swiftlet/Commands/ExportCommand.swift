import ArgumentParser
import Architectures
import Buffers
import Checkpoints
import Execution
import Foundation
import Kernels
import ModelFiles
import Reporting
import Training

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Turn a checkpoint, an adapter or a base store into files that other programs load.",
        discussion: """
            --to peft: the adapter of a checkpoint, as PEFT saves it.
            --to merged (or hf): a model directory for transformers, in which the adapter of a checkpoint, or of a PEFT
            directory, is merged into the base that it was trained on. The run's own base store is found beside it,
            another base is refused. --base names a store that lies elsewhere, or the model directory that it was made
            from, or the one under a foreign adapter.
            --to bitsandbytes: a base store as a model directory in bitsandbytes' 4-bit layout.
            """)

    enum Target: String, CaseIterable, ExpressibleByArgument {
        case peft, merged, hf, bitsandbytes

        var isMerged: Bool { self == .merged || self == .hf }
    }

    enum DType: String, CaseIterable, ExpressibleByArgument {
        case bf16, fp16, fp32

        var type: ScalarType {
            switch self {
            case .bf16: .bfloat16
            case .fp16: .float16
            case .fp32: .float32
            }
        }
    }

    @Argument(help: "A checkpoint, a directory of checkpoints (the newest is taken), a PEFT adapter, or a base store.")
    var source: String

    @Option(help: "What to write.")
    var to: Target

    @Option(name: [.short, .long], help: "The directory to write; one that an export wrote is replaced, no other.")
    var output: String

    @Option(help: "With --to merged: the base store (*.base.h5), or the model directory that it was made from.")
    var base: String?

    @Option(help: "With --to merged: what the weights are rounded to; default: bf16.")
    var dtype: DType?

    func validate() throws {
        guard to.isMerged || (base == nil && dtype == nil) else {
            throw ValidationError("--base and --dtype go with --to merged")
        }
    }

    func run() throws {
        switch to {
        case .peft: try CheckpointExport.peft(try checkpoint(), to: output)
        case .merged, .hf: try exportMerged()
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

    private func exportMerged() throws {
        let export = MergedExport(
            to: output, basePath: base, type: dtype?.type ?? .bfloat16,
            context: try KernelContext(threads: HostThreads.usable))
        if FileManager.default.fileExists(atPath: source + "/adapter_config.json") {
            return try export.write(adapterAt: source) { Console.note("notice: \($0)") }
        }
        try export.write(try checkpoint())
    }

    private func exportBase() throws {
        let store = try BaseStore(path: source)
        let export = try BitsandbytesExport(
            configuration: try store.configuration(), architecture: store.architecture, weight: { store.weight($0) })
        try export.write(
            to: output, files: store.companions,
            record: ExportRecord(baseHash: store.hash, sourceHash: store.sourceHash))
    }
}
