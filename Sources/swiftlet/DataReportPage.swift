import Corpus
import Reporting

/// A report on rows, for people.
struct DataReportPage {
    private let report: CorpusReport
    private let isColored: Bool

    /// Characters of a row that are shown.
    private static let sampleLimit = 6000

    init(_ report: CorpusReport, isColored: Bool) {
        self.report = report
        self.isColored = isColored
    }

    var text: String {
        (samples + [headline] + facts + report.notices.map { "  notice    \($0)" } + faults).joined(separator: "\n")
    }

    // MARK: Figures

    private var headline: String {
        let kinds = report.kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Wording.count($0.value)) \($0.key)" }
        let list = kinds.isEmpty ? "" : ": " + kinds.joined(separator: ", ")
        return "\(Self.visible(report.path)): \(Wording.plural(report.rows, "row"))\(list)"
    }

    private var facts: [String] {
        var lines: [String] = []
        if let lengths = report.lengths {
            let values = [("min", lengths.min), ("median", lengths.median), ("p95", lengths.p95), ("max", lengths.max)]
            let words = values.map { "\($0.0) \(Wording.count($0.1))" }.joined(separator: ", ")
            lines.append("  length    \(words) \(report.unit)")
            let share = Double(report.learned) / Double(max(1, report.total))
            lines.append(
                "  learned   \(Wording.count(report.learned)) of \(Wording.count(report.total)) \(report.unit), "
                    + Wording.percent(share))
        }
        if let conversations = report.conversations { lines += facts(conversations) }
        if let limit = report.sequenceLength {
            lines.append(
                "  too long  \(Wording.plural(report.longRows, "row")) of more than \(Wording.count(limit)) tokens")
        }
        return lines
    }

    private func facts(_ counts: ConversationCounts) -> [String] {
        let turns = ["system", "user", "assistant", "observation"].compactMap { role in
            counts.turns[role].map { "\(Wording.count($0)) \(role)" }
        }
        var lines = ["  turns     \(turns.joined(separator: ", ")); laid out as \(report.chatTemplate ?? "")"]
        if counts.tools + counts.toolCalls > 0 {
            lines.append(
                "  tools     \(Wording.count(counts.tools)) in \(Wording.plural(counts.rowsWithTools, "row")), "
                    + "called \(Wording.plural(counts.toolCalls, "time"))")
        }
        if counts.learnedWeights + counts.ignoredWeights > 0 {
            let learned = counts.learnedWeights
            lines.append(
                "  weights   \(Wording.count(learned)) \(learned == 1 ? "turn or part is" : "turns or parts are") "
                    + "learned, \(Wording.count(counts.ignoredWeights)) are not")
        }
        return lines
    }

    private var faults: [String] {
        guard report.faultCount > 0 else { return ["  faults    none"] }
        let more = report.faultCount - report.faults.count
        return ["  faults    \(Wording.plural(report.faultCount, "row"))"]
            + report.faults.map { "    " + $0 }
            + (more > 0 ? ["    and \(Wording.count(more)) more"] : [])
    }

    // MARK: Rows

    private var samples: [String] { report.samples.map(text) }

    private func text(_ sample: CorpusReport.Sample) -> String {
        var room = Self.sampleLimit
        var text = ""
        for run in sample.runs where room > 0 {
            let shown = run.text.prefix(room)
            room -= shown.count
            text += marked(Self.visible(shown, keepsLines: true), run.isLearned)
        }
        let left = sample.runs.reduce(0) { $0 + $1.text.count } - Self.sampleLimit
        if left > 0 { text += " … and \(Wording.plural(left, "character")) more" }
        return "line \(sample.line):\n\(text)\n"
    }

    private func marked(_ text: String, _ isLearned: Bool) -> String {
        guard isLearned else { return text }
        return isColored ? "\u{1B}[32m\(text)\u{1B}[0m" : "⟦\(text)⟧"
    }

    /// The text without characters that would steer the terminal.
    private static func visible(_ text: some StringProtocol, keepsLines: Bool = false) -> String {
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isKept = keepsLines && (scalar == "\n" || scalar == "\t")
            if !isKept, scalar.properties.generalCategory == .control {
                output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                output.append(scalar)
            }
        }
        return String(output)
    }
}
