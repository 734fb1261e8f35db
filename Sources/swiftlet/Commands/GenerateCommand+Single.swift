import Architectures
import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Foundation
import Kernels
import Reporting
import Tokenizers

extension GenerateCommand {
    /// Continues one prompt on the coordinator; other ranks have nothing to do.
    func generateSingle() throws {
        RankedRun.run { communicator in
            try communicator.agree {
                if communicator.isCoordinator { try continuePrompt() }
            }
        }
    }

    private func continuePrompt() throws {
        let (model, kernels) = try options.open(self.model, communicator: SoloCommunicator(), isShared: false)
        let tokenizer = try tokenizer(model)
        let text = try promptText()
        let ids = try tokenizer.encodePrompt(text, layout: chatTemplate)
        if let id = ids.first(where: { $0 >= model.architecture.vocabularySize }) {
            throw InputError(
                .data, file: self.model,
                "the tokenizer gives id \(id), the model has \(model.architecture.vocabularySize)",
                remedy: "put the tokenizer of this model beside it")
        }
        let positions = try limits(model).positions(prompts: [ids], newTokens: maxNewTokens) { _ in (promptFile, nil) }
        let end = model.endOfText(chatTemplate)
        let generator = try model.generator(
            count: 1, positions: positions, batchSize: 1, sampling: sampling, end: end,
            context: kernels,
            compute: options.compute)
        let clock = ContinuousClock()
        let start = clock.now
        var decoder = ContinuationDecoder(tokenizer, prompt: ids, end: end)
        var continuation = ""
        let showsOnTerminal = isatty(STDOUT_FILENO) == 1
        func say(_ piece: String) {
            continuation += piece
            if !json { Console.write(showsOnTerminal ? visible(piece) : piece, to: .standardOutput) }
        }
        generator.start(GenerationRequest(number: 0, prompt: ids, maximumNewTokens: maxNewTokens))
        var ended: Generation?
        while ended == nil { ended = try generator.round { _, id in say(decoder.append(id)) }.first }
        guard let ended else { return }
        say(decoder.finish())
        let report = SingleReport(
            prompt: text, prompt_ids: ids, text: continuation, ids: ended.ids, stop: ended.stop,
            tokens: generator.newTokenCount, seconds: start.duration(to: clock.now).seconds)
        if json { return try Console.print(json: report) }
        Console.print("")
        Console.note(
            "\(Wording.plural(report.tokens, "token")), \(Wording.speed(report.tokens_per_second)) tokens/s, "
                + "ended by \(ended.stop.words)")
    }

    /// A model may say what steers a terminal: there it is written as escapes.
    private func visible(_ piece: String) -> String {
        piece.unicodeScalars.reduce(into: "") { text, scalar in
            let steers = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
            text += steers ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }

    private func promptText() throws -> String {
        if let prompt { return prompt }
        guard let promptFile, let bytes = FileManager.default.contents(atPath: promptFile) else {
            throw InputError(.data, file: promptFile, "cannot be read", remedy: "name a file that holds the prompt")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw InputError(.data, file: promptFile, "is not UTF-8", remedy: "convert the file to UTF-8")
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

extension Generation.StopReason {
    fileprivate var words: String {
        switch self {
        case .endOfText: "the model"
        case .length: "--max-new-tokens"
        case .context: "the context"
        }
    }
}

private struct SingleReport: Encodable {
    let prompt: String
    let prompt_ids: [Int32]
    let text: String
    let ids: [Int32]
    let stop: Generation.StopReason
    let tokens: Int
    let seconds: Double

    var tokens_per_second: Double { Double(tokens) / max(seconds, 1e-9) }

    enum CodingKeys: String, CodingKey {
        case prompt, prompt_ids, text, ids, stop, tokens, seconds, tokens_per_second
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(prompt, forKey: .prompt)
        try container.encode(prompt_ids, forKey: .prompt_ids)
        try container.encode(text, forKey: .text)
        try container.encode(ids, forKey: .ids)
        try container.encode(stop, forKey: .stop)
        try container.encode(tokens, forKey: .tokens)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(tokens_per_second, forKey: .tokens_per_second)
    }
}
