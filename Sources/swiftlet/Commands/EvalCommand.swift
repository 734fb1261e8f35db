import Architectures
import ArgumentParser
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import Tokenizers

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Loss, or the share of right answers, of a model with or without an adapter, on a JSONL file.",
        discussion: """
            perplexity: loss over rows {"text"}, {"prompt", "completion"}, {"input_ids", "labels"} or conversations. \
            Each row stands alone, with BOS as the tokenizer adds it and no EOS, cut to --sequence-len ids.

            exact-match: each prompt is continued greedily, and the text is compared with the completion, blanks \
            around both left out. Of a conversation the last answer is asked for.

            multiple-choice: rows {"prompt", "choices", "answer"}. The choice with the greatest log-likelihood behind \
            the prompt is taken, and also the one with the greatest for each of its bytes (accuracy_norm). A choice \
            follows the prompt as it stands.

            Runs on all ranks under mpirun, with the same bits.
            """)

    enum Task: String, CaseIterable, ExpressibleByArgument {
        case perplexity
        case exactMatch = "exact-match"
        case multipleChoice = "multiple-choice"
    }

    /// Tokens of one forward: enough for the matmuls to be efficient.
    static let batchTokens = 2048

    @Argument(help: "A Hugging Face model directory or a base store (*.base.h5).")
    var model: String

    @Option(help: "The rows: JSON lines, or one JSON list.")
    var data: String

    @Option(help: "What is measured.")
    var task: Task = .perplexity

    @Option(help: "How conversations are written: chatml or llama3.")
    var chatTemplate: ChatLayout?

    @Option(help: "Take the first rows only, as many as this.")
    var limit: Int?

    @Option(help: "Write a line for each row: its prompt, the answer expected and the one that was got.")
    var output: String?

    @Option(help: "Cut rows to this many ids (perplexity); default: what the model was made for.")
    var sequenceLen: Int?

    @Option(help: "Longest answer, in tokens; default: twice the longest expected one and 16 more.")
    var maxNewTokens: Int?

    @Option(help: "Questions that are answered at once on a rank; default: what a gigabyte of cache holds, up to 64.")
    var batchSize: Int?

    @OptionGroup
    var options: ModelOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if let sequenceLen, sequenceLen < 2 { throw ValidationError("--sequence-len must be at least 2") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let maxNewTokens, maxNewTokens < 1 { throw ValidationError("--max-new-tokens must be at least 1") }
        if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1") }
        if output != nil, task == .perplexity {
            throw ValidationError("--output goes with --task exact-match or multiple-choice")
        }
    }

    func run() throws {
        switch task {
        case .perplexity: try measurePerplexity()
        case .exactMatch: try measureExactMatch()
        case .multipleChoice: try measureMultipleChoice()
        }
    }

    /// Reads the rows, and says on the coordinator what the user should know of them.
    /// - Parameter sequenceLength: rows are cut to this many ids; nil: they stay whole.
    /// - Returns: the examples, and the numbers of those that --limit leaves.
    func rows(
        for model: LoadedModel, sequenceLength: Int?, communicator: any Communicator
    ) throws -> (set: ExampleSet, numbers: Range<Int>) {
        let loaded = try communicator.agree {
            var loader = CorpusLoader(
                encoder: model.tokenizer, sequenceLength: sequenceLength,
                vocabularySize: model.architecture.vocabularySize)
            loader.chatLayout = chatTemplate
            return try loader.load([CorpusSource(path: data)])
        }
        if communicator.isCoordinator { for notice in loaded.notices { Console.note("notice: \(notice)") } }
        return (loaded.examples, 0..<min(limit ?? Int.max, loaded.examples.count))
    }
}
