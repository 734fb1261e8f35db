import ArgumentParser
import Buffers
import Execution
import Foundation
import Tokenizers

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turn lines of text into ids, and back.",
        discussion: """
            Each input line {"text"} gives an output line {"ids", "decoded"}: ids with special tokens, the text decoded
            from them without. Lines with "messages" need a chat template, which is not built yet: they give "error".
            """)

    @Option(help: "A directory with tokenizer.json.")
    var model: String

    @Option(help: "The lines to read.")
    var input: String

    @Option(help: "The file to write.")
    var output: String

    func run() throws {
        let tokenizer = try Tokenizer(directory: URL(fileURLWithPath: model, isDirectory: true))
        guard let bytes = FileManager.default.contents(atPath: input) else {
            throw InputError(.data, file: input, "cannot be read", remedy: "name a file of JSON lines")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        var lines = Data()
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t") }) {
                continue
            }
            lines.append(try encoder.encode(result(of: Data(line), number, tokenizer)))
            lines.append(UInt8(ascii: "\n"))
        }
        do {
            try lines.write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw InputError(.output, file: output, "cannot be written", remedy: "name a file that you may write to")
        }
    }

    private func result(of line: Data, _ number: Int, _ tokenizer: Tokenizer) throws -> OutputLine {
        let row: InputLine
        do {
            row = try JSONDecoder().decode(InputLine.self, from: line)
        } catch {
            throw InputError(
                .data, file: input, place: "line \(number)", "is no JSON object with a text",
                remedy: "write one {\"text\": …} a line")
        }
        guard let text = row.text else {
            guard row.messages != nil else {
                throw InputError(
                    .data, file: input, place: "line \(number)", "has neither text nor messages",
                    remedy: "write one {\"text\": …} a line")
            }
            return OutputLine(error: "chat templates are not built yet")
        }
        let ids = tokenizer.encode(text, addSpecialTokens: true)
        return OutputLine(ids: ids, decoded: tokenizer.decode(ids, skipSpecialTokens: true))
    }

    private struct InputLine: Decodable {
        var text: String?
        var messages: [Message]?

        struct Message: Decodable {}
    }

    private struct OutputLine: Encodable {
        var ids: [Int32]?
        var decoded: String?
        var error: String?
    }
}
