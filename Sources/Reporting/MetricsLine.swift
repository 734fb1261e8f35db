import Events
import Foundation

/// The lines of `metrics.jsonl`.
enum MetricsLine {
    static func step(_ record: StepRecord) -> String {
        object([
            ("step", "\(record.step)"), ("loss", number(record.loss)), ("grad_norm", number(record.gradientNorm)),
            ("learning_rate", number(record.learningRate)), ("tokens", "\(record.tokens)"),
            ("tokens_per_second", number(record.tokensPerSecond)), ("step_seconds", number(record.seconds)),
            ("peak_rss_bytes", "\(record.peakResidentBytes)"),
            ("anonymous_peak_bytes", "\(record.anonymousPeakBytes)"),
        ])
    }

    static func evaluation(_ record: EvaluationRecord) -> String {
        object([
            ("step", "\(record.step)"), ("eval_loss", number(record.loss)),
            ("eval_perplexity", number(record.perplexity)), ("eval_tokens", "\(record.targetTokens)"),
            ("eval_seconds", number(record.seconds)),
        ])
    }

    /// The whole lines of a file that belong to the first `steps` steps.
    static func kept(of text: String, steps: Int) -> String {
        guard steps > 0 else { return "" }
        // What stands behind the last line end was being written when the run died.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return lines.filter { line in
            struct Head: Decodable {
                var step: Int
            }
            guard let head = try? JSONDecoder().decode(Head.self, from: Data(line.utf8)) else { return false }
            return head.step <= steps
        }.map { $0 + "\n" }.joined()
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
    }

    /// The shortest digits that read back as the same number; JSON has none for what is not finite.
    private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }
}
