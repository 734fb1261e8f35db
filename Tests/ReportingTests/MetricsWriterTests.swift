import Buffers
import Events
import Foundation
import Reporting
import Testing

@Suite final class MetricsWriterTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString)")
    private var path: String { directory.appending(path: "metrics.jsonl").path }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private func lines() throws -> [[String: Double]] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return try text.split(separator: "\n").map {
            try JSONDecoder().decode([String: Double].self, from: Data($0.utf8))
        }
    }

    @Test("A step is a line with the keys that programs rely on, and numbers that read back the same")
    func stepLine() throws {
        let writer = MetricsWriter(path: path)
        var record = step(1, loss: 0.1 + 0.2, seconds: 1 / 3.0)
        record.gradientNorm = 1e-7
        try writer.receive(.started(run))
        try writer.receive(.step(record))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(
            text == "{\"step\": 1, \"loss\": 0.30000000000000004, \"grad_norm\": 1e-07, \"learning_rate\": 0.0002, "
                + "\"tokens\": 5000, \"tokens_per_second\": 15000.0, \"step_seconds\": 0.3333333333333333, "
                + "\"peak_rss_bytes\": 123456789, \"anonymous_peak_bytes\": 23456789}\n")
        #expect(try lines()[0]["grad_norm"] == 1e-7)
    }

    @Test("Only step lines have the key loss")
    func evaluationLine() throws {
        let writer = MetricsWriter(path: path)
        try writer.receive(.evaluation(EvaluationRecord(step: 0, loss: 2, targetTokens: 10, seconds: 1)))
        try writer.receive(.step(step(1)))
        try writer.receive(.save(SaveRecord(step: 1, path: "x", byteCount: 1, seconds: 1)))
        let lines = try lines()
        #expect(lines.map { $0["loss"] != nil } == [false, true])
        #expect(lines[0]["eval_loss"] == 2)
        #expect(Set(lines[0].keys) == ["step", "eval_loss", "eval_perplexity", "eval_tokens", "eval_seconds"])
    }

    @Test("A resumed run cuts back what lies beyond its checkpoint, and half a line", arguments: [0, 1, 4, 6, 9])
    func resume(at checkpoint: Int) throws {
        let first = MetricsWriter(path: path)
        for number in 1...6 {
            try first.receive(.step(step(number)))
            if number.isMultiple(of: 2) {
                try first.receive(.evaluation(EvaluationRecord(step: number, loss: 1, targetTokens: 1, seconds: 1)))
            }
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"step\": 1, \"lo".utf8))
        let second = MetricsWriter(path: path)
        try second.receive(.started(run))
        try second.receive(.resumed(step: checkpoint, path: "c"))
        try second.receive(.step(step(checkpoint + 1)))
        let kept = min(checkpoint, 6)
        let steps = try lines().filter { $0["loss"] != nil }.compactMap { $0["step"] }
        #expect(steps == (0..<kept).map { Double($0 + 1) } + [Double(checkpoint + 1)])
        #expect(try lines().count { $0["eval_loss"] != nil } == kept / 2)
    }

    @Test("A run that starts afresh drops the lines of an earlier one")
    func afresh() throws {
        for _ in 0..<2 {
            let writer = MetricsWriter(path: path)
            for number in 1...3 { try writer.receive(.step(step(number))) }
        }
        #expect(try lines().map { $0["step"] } == [1, 2, 3])
    }

    @Test("Where it cannot be written the run stops with the output's name")
    func unwritable() {
        #expect {
            try MetricsWriter(path: "/proc/nowhere/metrics.jsonl").receive(.step(step(1)))
        } throws: {
            ($0 as? InputError)?.kind == .output
                && "\($0)".hasPrefix("/proc/nowhere/metrics.jsonl: cannot be written (")
        }
    }
}
