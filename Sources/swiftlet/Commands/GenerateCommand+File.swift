import Architectures
import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Kernels
import Reporting
import Tokenizers

extension GenerateCommand {
    /// Continues the prompts of a file on all ranks.
    func generateFile(_ input: String, _ output: String) throws {
        let report = RankedRun.run { communicator -> FileReport in
            let start = ContinuousClock().now
            let (model, kernels) = try options.open(self.model, communicator: communicator, isShared: false)
            let prompts = try communicator.agree { try self.prompts(in: input, for: model) }
            let generator = try communicator.agree {
                try self.generator(model, prompts, kernels, ranks: communicator.size, input: input)
            }
            let lines = try communicator.agree {
                try Lines(prompts, model, chatTemplate, settings(model, communicator))
            }
            let file = try communicator.agree {
                communicator.isCoordinator ? try GenerationFile(path: output, keys: lines.keys) : nil
            }
            let first = try communicator.fromCoordinator { file?.lineCount ?? 0 }
            if communicator.isCoordinator, first > 0 {
                Console.note("notice: \(output): goes on behind \(Wording.plural(first, "line"))")
            }
            var progress = RowProgress(rows: prompts.count)
            try RankedGeneration(requests(prompts), generator: generator, communicator: communicator)
                .run(from: first) { generations in
                    try file?.append(generations.map(lines.line))
                    progress.report(file?.lineCount ?? 0)
                }
            let tokens = try communicator.allReduce([Int64(generator.newTokenCount)], .sum)[0]
            return try communicator.agree {
                try file?.synchronize()
                return FileReport(
                    output: output, rows: prompts.count, new_rows: prompts.count - first, tokens: Int(tokens),
                    seconds: start.duration(to: ContinuousClock().now).seconds,
                    isCoordinator: communicator.isCoordinator)
            }
        }
        guard report.isCoordinator else { return }
        if json { return try Console.print(json: report) }
        Console.note(
            "\(output): \(Wording.plural(report.rows, "row")), \(Wording.count(report.new_rows)) of them new, "
                + "\(Wording.plural(report.tokens, "token")), \(Wording.duration(report.seconds))")
    }

    private func prompts(in input: String, for model: LoadedModel) throws -> [Prompt] {
        try RowFile(path: input).prompts(
            encoder: model.tokenizer, layout: chatTemplate, vocabularySize: model.architecture.vocabularySize)
    }

    private func generator(
        _ model: LoadedModel, _ prompts: [Prompt], _ kernels: KernelContext, ranks: Int, input: String
    ) throws -> Generator {
        let positions = try limits(model).positions(prompts: prompts.map(\.ids), newTokens: maxNewTokens) {
            (input, "line \(prompts[$0].line)")
        }
        return try model.generator(
            count: prompts.count.dividedRoundingUp(by: ranks), positions: positions, batchSize: batchSize,
            sampling: sampling, end: model.endOfText(chatTemplate), context: kernels, compute: options.compute)
    }

    private func requests(_ prompts: [Prompt]) -> [GenerationRequest] {
        prompts.enumerated().map {
            GenerationRequest(number: $0.offset, prompt: $0.element.ids, maximumNewTokens: maxNewTokens)
        }
    }

    /// Everything but the prompt that a text depends on; only the coordinator, who writes the lines, needs to know it.
    private func settings(_ model: LoadedModel, _ communicator: any Communicator) throws -> String {
        guard communicator.isCoordinator else { return "" }
        let identity = try LoadedModel.identity(
            path: self.model, adapterPath: options.adapter, storage: options.quantization)
        let end = model.endOfText(chatTemplate)
        let ends = "\(end.ids.sorted()) \(end.mark ?? "")"
        let limits = "\(maxNewTokens) of \(try limits(model).contextSize) until \(ends)"
        return [identity, options.compute.rawValue, limits, "\(temperature) \(topP) \(seed)"].joined(separator: "\n")
    }
}

/// Makes the lines of the output.
private struct Lines {
    let keys: [String]
    private let prompts: [Prompt]
    private let tokenizer: Tokenizer?
    private let end: TextEnd

    init(_ prompts: [Prompt], _ model: LoadedModel, _ layout: ChatLayout?, _ settings: String) {
        self.prompts = prompts
        tokenizer = model.tokenizer
        end = model.endOfText(layout)
        keys = prompts.map { GenerationLine.key(settings: settings, prompt: $0.ids) }
    }

    func line(of generation: Generation) -> GenerationLine {
        let prompt = prompts[generation.number].ids
        return GenerationLine(
            row: generation.number, key: keys[generation.number],
            prompt: tokenizer?.decode(prompt, skipSpecialTokens: true),
            text: tokenizer.map { ContinuationDecoder.text(of: generation.ids, behind: prompt, end: end, $0) },
            ids: generation.ids, stop: generation.stop)
    }
}

private struct FileReport: Encodable {
    let output: String
    let rows: Int
    let new_rows: Int
    let tokens: Int
    let seconds: Double
    let isCoordinator: Bool

    enum CodingKeys: String, CodingKey { case output, rows, new_rows, tokens, seconds }
}
