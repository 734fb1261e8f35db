import Architectures
import Kernels
import ArgumentParser
import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Foundation
import Reporting
import Tokenizers

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Loss and perplexity of a model, with or without an adapter, on a JSONL file.",
        discussion: """
            Rows: {"text"}, {"prompt", "completion"} or {"input_ids", "labels"}. Each row stands alone, with BOS as the
            tokenizer adds it and no EOS, cut to --sequence-len ids. Runs on all ranks under mpirun, with the same bits.
            """)

    @Argument(help: "A Hugging Face model directory or a base store (*.base.h5).")
    var model: String

    @Option(help: "The rows: JSON lines, or one JSON list.")
    var data: String

    @Option(help: "Cut rows to this many ids; default: what the model was made for.")
    var sequenceLen: Int?

    @OptionGroup
    var options: ModelOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    /// Tokens of one forward: enough for the matmuls to be efficient.
    private static let batchTokens = 2048

    func validate() throws {
        if let sequenceLen, sequenceLen < 2 { throw ValidationError("--sequence-len must be at least 2") }
    }

    func run() throws {
        let report = RankedRun.run { communicator in
            let clock = ContinuousClock()
            let start = clock.now
            let context = try communicator.agree { try options.context(ranksOnNode: communicator.node.size) }
            let model = try communicator.agree {
                try LoadedModel(
                    path: self.model, adapterPath: options.adapter, storage: options.quantization, context: context,
                    communicator: communicator)
            }
            let rows = try communicator.agree { try load(model) }
            let set = rows.examples
            if communicator.isCoordinator { for notice in rows.notices { Console.note("notice: \(notice)") } }
            let longest = (0..<set.count).map(set.length(of:)).max() ?? 0
            let batchSize = max(1, Self.batchTokens / max(1, longest))
            let runner = try model.runner(
                tokens: batchSize * longest, longestSequence: longest, training: false, context: context,
                compute: options.compute)
            let loss = try Perplexity.loss(
                of: Array(0..<set.count), in: set, runner: runner, room: BatchRoom(tokenCapacity: batchSize * longest),
                microBatchSize: batchSize, communicator: communicator)
            guard loss.isFinite else {
                throw InputError(
                    .data, file: self.model, "gives a loss that is not finite", remedy: "check the weights")
            }
            let elapsed = start.duration(to: clock.now)
            return Report(
                loss: loss.mean, perplexity: exp(loss.mean), tokens: Int(loss.tokens), rows: set.count,
                seconds: elapsed.seconds,
                compute: options.compute.rawValue, peak_rss_bytes: ProcessMemory().peakResidentBytes,
                isCoordinator: communicator.isCoordinator)
        }
        guard report.isCoordinator else { return }
        if json { return try Console.print(json: report) }
        Console.print(
            "loss \(report.loss), perplexity \(report.perplexity), \(Wording.count(report.tokens)) tokens in "
                + "\(Wording.plural(report.rows, "row")), \(Wording.duration(report.seconds))")
    }

    private func load(_ model: LoadedModel) throws -> CorpusLoader.Result {
        let limit = sequenceLen ?? max(2, model.architecture.maximumPositions)
        let loader = CorpusLoader(
            encoder: model.tokenizer, sequenceLength: limit, vocabularySize: model.architecture.vocabularySize)
        return try loader.load([CorpusSource(path: data)])
    }

    private struct Report: Encodable {
        let loss: Double
        let perplexity: Double
        let tokens: Int
        let rows: Int
        let seconds: Double
        let compute: String
        let peak_rss_bytes: Int
        let isCoordinator: Bool

        enum CodingKeys: String, CodingKey { case loss, perplexity, tokens, rows, seconds, compute, peak_rss_bytes }
    }
}
