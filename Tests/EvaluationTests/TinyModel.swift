import Corpus
import Evaluation
import Execution
import Foundation
import Kernels
import Testing
import Tokenizers

/// The tiny model of the repository, opened on one thread.
struct TinyModel {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Jobs/tiny"

    let context: KernelContext
    let model: LoadedModel
    let tokenizer: Tokenizer

    init() throws {
        context = try KernelContext(threads: 1)
        model = try LoadedModel(path: Self.directory, adapterPath: nil, storage: nil, context: context)
        tokenizer = try #require(model.tokenizer)
    }

    func generator(batchSize: Int = 3, positions: Int = 64, sampling: Sampling = .greedy) throws -> Generator {
        try model.generator(
            count: batchSize, positions: positions, batchSize: batchSize, sampling: sampling, end: model.endOfText(),
            context: context, compute: .fp32)
    }

    /// Prompts of several lengths.
    func requests(_ count: Int, newTokens: Int = 12) throws -> [GenerationRequest] {
        try RowFile(path: Self.directory + "/validation.jsonl")
            .prompts(encoder: tokenizer, layout: nil, vocabularySize: 512).prefix(count).enumerated().map {
                number, prompt in
                GenerationRequest(
                    number: number, prompt: Array(prompt.ids.prefix(3 + number * 5 % 11)),
                    maximumNewTokens: newTokens + number % 5)
            }
    }
}

/// A file name that nobody else uses.
func temporaryPath() -> String { NSTemporaryDirectory() + "swiftlet-test-\(UUID().uuidString).jsonl" }
