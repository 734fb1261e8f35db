import ArgumentParser
import Buffers
import Execution
import Foundation
import Reporting
import Tokenizers

struct BenchTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Time how fast a tokenizer turns text into ids, on one thread.",
        discussion: "Every line of the input is a text of its own; the median over the runs, after one to warm up.")

    @Option(help: "A directory with tokenizer.json.")
    var model: String

    @Option(help: "A file of plain text.")
    var input: String

    @Option(help: "Measured runs, after one to warm up.")
    var runs = 5

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(runs) else { throw ValidationError("--runs must be from 1 to 10000") }
    }

    private struct Result: Encodable {
        let name: String
        let bytes: Int
        let tokens: Int
        let seconds: Double
        let megabytes_per_second: Double
        let tokens_per_second: Double
    }

    func run() throws {
        let tokenizer = try Tokenizer(directory: URL(fileURLWithPath: model, isDirectory: true))
        guard let text = FileManager.default.contents(atPath: input) else {
            throw InputError(.data, file: input, "cannot be read", remedy: "name a file of plain text")
        }
        let lines = text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard !lines.isEmpty else {
            throw InputError(.data, file: input, "has no line of text", remedy: "name a file of plain text")
        }
        let clock = ContinuousClock()
        var tokens = 0
        var seconds: [Double] = []
        for _ in 0...runs {
            let start = clock.now
            tokens = lines.reduce(0) { $0 + tokenizer.encode($1, addSpecialTokens: true).count }
            seconds.append((clock.now - start).seconds)
        }
        let median = seconds.dropFirst().sorted()[runs / 2]
        let bytes = lines.reduce(0) { $0 + $1.utf8.count }
        let result = Result(
            name: "encode", bytes: bytes, tokens: tokens, seconds: median,
            megabytes_per_second: Double(bytes) / 1e6 / median, tokens_per_second: Double(tokens) / median)
        if json { return try Console.print(json: [result]) }
        Console.print(
            """
            \(Wording.bytes(bytes)) in \(Wording.plural(lines.count, "line")), \(Wording.count(tokens)) tokens: \
            \(String(format: "%.1f", result.megabytes_per_second)) MB/s, \
            \(Wording.speed(result.tokens_per_second)) tokens/s
            """)
    }
}
