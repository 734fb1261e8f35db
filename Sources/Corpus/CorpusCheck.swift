import Buffers
import Tokenizers

/// Reads a whole file as training would, and goes on behind what is wrong.
package struct CorpusCheck {
    /// How rows are made into examples; its encoder has to be there for all but rows of ids.
    package var loader: CorpusLoader
    /// Nil: each row is of the kind that its fields say.
    package var kind: RowKind?
    /// The text of ids, for the samples.
    package var decode: ([Int32]) -> String
    /// Whether ids stand for characters.
    package var countsCharacters: Bool
    package var sampleCount: Int
    package var faultLimit: Int

    /// The kind of rows with choices, which no job has.
    private static let questionKind = "multiple_choice"

    package init(
        loader: CorpusLoader, kind: RowKind?, countsCharacters: Bool, sampleCount: Int = 3, faultLimit: Int = 100,
        decode: @escaping ([Int32]) -> String
    ) {
        self.loader = loader
        self.kind = kind
        self.countsCharacters = countsCharacters
        self.sampleCount = sampleCount
        self.faultLimit = faultLimit
        self.decode = decode
    }

    /// Rows of a sort that may not be meant, and the line of the first of them.
    private struct Oddity {
        var count = 0
        var firstLine = 0

        mutating func add(_ row: Row) {
            if count == 0 { firstLine = row.line }
            count += 1
        }
    }

    private struct Reading {
        var report: CorpusReport
        var lengths: [Int] = []
        var counts = RowCounts()
        /// The name of the first row's kind.
        var firstKind: String?
        var questionCount = 0
        var oddities = [Oddity](repeating: Oddity(), count: CorpusCheck.oddities.count)
    }

    /// What is counted of conversations besides: LLaMA-Factory would leave the first three out.
    private static let oddities: [(what: String, has: @Sendable (Conversation) -> Bool)] = [
        ("begin with an assistant's turn", { $0.turns.first { $0.role != .system }?.role == .assistant }),
        ("have two user or two assistant turns side by side", { $0.repeatsRole }),
        ("end with a turn that is not the assistant's", { $0.turns.last?.role != .assistant }),
        (
            "have an assistant's turn without text or call",
            { $0.turns.contains { $0.role == .assistant && $0.text.isEmpty && $0.toolCalls.isEmpty } }
        ),
        ("call functions, but name no tools", { $0.tools.isEmpty && $0.turns.contains { !$0.toolCalls.isEmpty } }),
    ]

    /// - Throws: `InputError` where the file cannot be read at all; what is wrong with rows is in the report.
    package func report(on path: String) throws -> CorpusReport {
        var reading = Reading(report: CorpusReport(path: path, unit: countsCharacters ? "characters" : "tokens"))
        reading.report.sequenceLength = loader.sequenceLength
        try RowFile(path: path).forEach { error in
            reading.report.faultCount += 1
            if reading.report.faults.count < faultLimit { reading.report.faults.append(error.description) }
        } _: {
            try read($0, &reading)
        }
        finish(&reading)
        return reading.report
    }

    private func read(_ row: Row, _ reading: inout Reading) throws {
        if self.kind == nil, row["choices"] != nil {
            try count(Self.questionKind, row, &reading)
            _ = try MultipleChoiceRow(row)
            reading.questionCount += 1
            return
        }
        let kind = try self.kind ?? RowKind.detect(row)
        try count(kind.rawValue, row, &reading)
        let maker = ExampleMaker(loader: loader, kind: kind)
        var example: Example
        if kind.isConversation {
            let conversation = try maker.conversation(row)
            example = try maker.example(of: conversation, row)
            reading.report.conversations = reading.report.conversations ?? ConversationCounts()
            reading.report.conversations?.add(conversation)
            for (index, oddity) in Self.oddities.enumerated() where oddity.has(conversation) {
                reading.oddities[index].add(row)
            }
        } else {
            example = try maker.example(row)
        }
        if kind == .pretokenized { reading.report.unit = "tokens" }
        reading.lengths.append(example.ids.count)
        reading.report.total += example.ids.count
        reading.report.learned += example.labels.count { $0 != ExampleSet.ignored }
        if let limit = loader.sequenceLength, example.ids.count > limit { reading.report.longRows += 1 }
        let fitted = loader.fitted(example)
        reading.counts.add(example, fitted: fitted)
        example = fitted ?? example
        if reading.report.samples.count < sampleCount { reading.report.samples.append(sample(example, kind, row)) }
    }

    /// Counts a row of a kind, which has to be that of the first.
    private func count(_ kind: String, _ row: Row, _ reading: inout Reading) throws {
        reading.report.kinds[kind, default: 0] += 1
        let first = reading.firstKind ?? kind
        reading.firstKind = first
        guard kind == first else {
            throw row.failure(
                "is of type \(kind), the first row of type \(first)", remedy: "give each type a file of its own")
        }
    }

    private func sample(_ example: Example, _ kind: RowKind, _ row: Row) -> CorpusReport.Sample {
        var sample = CorpusReport.Sample(line: row.line, runs: [])
        var start = 0
        let isLearned = example.labels.map { $0 != ExampleSet.ignored }
        while start < isLearned.count {
            let end = isLearned[start...].firstIndex { $0 != isLearned[start] } ?? isLearned.count
            let ids = Array(example.ids[start..<end])
            // Ids without a tokenizer have no text.
            let text =
                kind == .pretokenized && countsCharacters
                ? ids.map { "\($0) " }.joined() : decode(ids)
            sample.runs.append(.init(text: text, isLearned: isLearned[start]))
            start = end
        }
        return sample
    }

    private func finish(_ reading: inout Reading) {
        let counts = reading.counts
        reading.report.rows = counts.rows + reading.questionCount + reading.report.faultCount
        reading.report.cutAwayRows = counts.cutAway
        reading.report.emptyRows = counts.empty
        if !reading.lengths.isEmpty { reading.report.lengths = CorpusReport.Lengths(reading.lengths) }
        reading.report.notices = counts.notices(limit: loader.sequenceLength)
        if reading.questionCount > 0 {
            reading.report.notices.append("rows with choices are for swiftlet eval; no job trains on them")
        }
        for (oddity, found) in zip(Self.oddities, reading.oddities) where found.count > 0 {
            reading.report.notices.append(
                "\(found.count) of \(counts.rows) rows \(oddity.what); the first on line \(found.firstLine)")
        }
        guard reading.report.conversations != nil, let layout = loader.chatLayout else { return }
        reading.report.chatTemplate = layout.rawValue
        if let notice = loader.missingMarksNotice(layout) { reading.report.notices.append(notice) }
    }
}

extension Conversation {
    /// Whether two turns of users, or two of assistants, stand side by side.
    fileprivate var repeatsRole: Bool {
        zip(turns, turns.dropFirst()).contains { $0.role == $1.role && $0.role != .observation }
    }
}
