import Architectures
import ArgumentParser
import Buffers
import Corpus
import Evaluation
import Execution
import Foundation
import Kernels
import Tokenizers

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a prompt, or a file of prompts, with or without an adapter.",
        discussion: """
            A single prompt's text streams to stdout.

            --input takes rows with "prompt", "text", "input_ids" or a conversation, whose last answer is asked for. \
            It runs on all ranks under mpirun, and writes a line for each row to --output, in order. Run again, it \
            goes on behind the lines that are there.

            Greedy unless --temperature is given. What is drawn is a function of --seed, the row and the position: \
            threads, ranks, batches and interruptions do not change a text.

              swiftlet generate Jobs/tiny --prompt "RECIPE: onions soup"
              mpirun -n 2 swiftlet generate Jobs/tiny --input in.jsonl --output out.jsonl
            """)

    @Argument(help: "A Hugging Face model directory or a base store (*.base.h5).")
    var model: String

    @Option(help: "The prompt.")
    var prompt: String?

    @Option(help: "A file that holds the prompt; a newline at its end is left out.")
    var promptFile: String?

    @Option(help: "A file of prompts: JSON lines, or one JSON list.")
    var input: String?

    @Option(help: "The file of JSON lines to write, with --input.")
    var output: String?

    @Option(help: "Longest continuation, in tokens.")
    var maxNewTokens = 256

    @Option(help: "Longest sequence, prompt included, in tokens; default: what the model was made for.")
    var context: Int?

    @Option(
        parsing: .unconditional, help: "What the logits are divided by before a draw; 0: the likeliest token is taken.")
    var temperature = 0.0

    @Option(parsing: .unconditional, help: "Draw from the likeliest tokens only that together have this probability.")
    var topP = 1.0

    @Option(help: "What the draws follow from.")
    var seed: UInt64 = 42

    @Option(help: "How conversations are written, and a prompt as what a user says: chatml or llama3.")
    var chatTemplate: ChatLayout?

    @Option(help: "Prompts that are continued at once on a rank; default: what a gigabyte of cache holds, up to 64.")
    var batchSize: Int?

    @OptionGroup
    var options: ModelOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard [prompt, promptFile, input].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("give one of --prompt, --prompt-file and --input")
        }
        guard (input == nil) == (output == nil) else { throw ValidationError("--input and --output go together") }
        guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be at least 0") }
        guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0 and at most 1") }
        guard maxNewTokens >= 1 else { throw ValidationError("--max-new-tokens must be at least 1") }
        if let context, context < 2 { throw ValidationError("--context must be at least 2") }
        if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1") }
        if batchSize != nil, input == nil { throw ValidationError("--batch-size goes with --input") }
    }

    func run() throws {
        if let input, let output { try generateFile(input, output) } else { try generateSingle() }
    }

    var sampling: Sampling { Sampling(temperature: temperature, topP: topP, seed: seed) }

    func tokenizer(_ model: LoadedModel) throws -> Tokenizer {
        guard let tokenizer = model.tokenizer else { throw LoadedModel.needsTokenizer(self.model) }
        return tokenizer
    }

    func limits(_ model: LoadedModel) throws -> GenerationLimits {
        let most = model.architecture.maximumPositions
        guard context ?? most <= most else {
            throw InputError(
                .usage, file: self.model, "was made for \(most) tokens, --context asks for \(context ?? most)",
                remedy: "lower --context")
        }
        return GenerationLimits(
            contextSize: context ?? most, remedy: context ?? most < most ? "raise --context" : nil)
    }
}
