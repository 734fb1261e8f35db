import ArgumentParser
import Buffers
import Checkpoints
import Corpus
import Execution
import Foundation
import Tokenizers

extension RowKind: ExpressibleByArgument {}
extension ChatLayout: ExpressibleByArgument {}

struct DataCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is in a file of rows: kinds, lengths, faults, and what is learned.",
        discussion: """
            The file holds JSON lines, or one JSON list. Rows are {"text"}, {"prompt", "completion"}, \
            {"input_ids", "labels"}, or conversations: {"messages": [{"role", "content"}]} (chat_template), \
            {"conversations": [{"from", "value"}], "system", "tools"} (sharegpt), {"instruction", "input", "output"} \
            (alpaca). Rows {"prompt", "choices", "answer"} are for swiftlet eval; they are checked and counted.

            The first rows are shown as training would see them, what is learned in colour or ⟦between brackets⟧. \
            With --model, lengths are in its tokens; without, in characters. Every wrong row is listed with its line; \
            where there is one, the exit code is 65.
            """)

    @Argument(help: "The rows: JSON lines, or one JSON list.")
    var file: String

    @Option(help: "A directory with tokenizer.json, or a base store: count in its tokens.")
    var model: String?

    @Option(help: "What the rows are; default: what the fields of each row say.")
    var type: RowKind?

    @Option(help: "How conversations are written: chatml or llama3; default: chatml.")
    var chatTemplate: ChatLayout?

    @Option(help: "Count the rows that are longer, and show none beyond it; needs --model.")
    var sequenceLen: Int?

    @Flag(help: "Count prompts and all turns of conversations as learned, as train_on_inputs does.")
    var trainOnInputs = false

    @Option(help: "Show this many rows.")
    var rows = 2

    @Flag(inversion: .prefixedNo, help: "Show what is learned in colour; default: where stdout is a terminal.")
    var color: Bool?

    @Flag(help: "Print the report as JSON.")
    var json = false

    /// Faults that are listed; the others are counted.
    private static let faultLimit = 100

    func validate() throws {
        if let sequenceLen {
            guard sequenceLen >= 2 else { throw ValidationError("--sequence-len must be at least 2") }
            guard model != nil else { throw ValidationError("--sequence-len counts tokens: add --model") }
        }
        guard rows >= 0 && rows <= 100_000 else { throw ValidationError("--rows must be from 0 to 100000") }
    }

    func run() throws {
        let tokenizer = try model.map(Self.tokenizer)
        var loader = CorpusLoader(
            encoder: tokenizer ?? CharacterEncoder(), sequenceLength: sequenceLen, vocabularySize: tokenizer?.idEnd,
            trainsOnInputs: trainOnInputs, endOfText: tokenizer?.eosTokenID)
        loader.chatLayout = chatTemplate ?? .chatml
        let check = CorpusCheck(
            loader: loader, kind: type, countsCharacters: tokenizer == nil, sampleCount: rows,
            faultLimit: Self.faultLimit
        ) { tokenizer?.decode($0, skipSpecialTokens: false) ?? CharacterEncoder().decode($0) }
        var report = try check.report(on: file)
        if report.chatTemplate != nil, chatTemplate == nil {
            report.notices.append("conversations are shown as chatml; --chat-template takes another layout")
        }
        if json {
            try Console.print(json: report)
        } else {
            let page = DataReportPage(report, isColored: color ?? Self.stdoutIsColored)
            Console.print(page.text)
        }
        guard report.faultCount == 0 else {
            throw InputError(
                .data, file: file, "\(report.faultCount) of \(report.rows) rows are wrong",
                remedy: "correct or remove them; the report names their lines")
        }
    }

    private static func tokenizer(of path: String) throws -> Tokenizer {
        guard path.hasSuffix(".h5") else {
            return try Tokenizer(directory: URL(fileURLWithPath: path, isDirectory: true))
        }
        guard let tokenizer = try BaseStore(path: path).tokenizer() else {
            throw InputError(.data, file: path, "has no tokenizer", remedy: "name a directory with tokenizer.json")
        }
        return tokenizer
    }

    /// A terminal that was not told otherwise (https://no-color.org).
    private static var stdoutIsColored: Bool {
        isatty(STDOUT_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }
}
