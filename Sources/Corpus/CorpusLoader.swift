import Buffers

/// One file of rows.
package struct CorpusSource: Sendable, Equatable {
    /// JSON lines, or one JSON list of objects.
    package var path: String
    /// Nil: what the fields of the first row say.
    package var kind: RowKind?

    package init(path: String, kind: RowKind? = nil) {
        self.path = path
        self.kind = kind
    }
}

/// Reads rows into examples.
package struct CorpusLoader {
    /// Rows are cut to this many ids; nil: they stay whole.
    package var sequenceLength: Int?
    /// Ids and labels must be below it; nil: not checked.
    package var vocabularySize: Int?
    /// Learn the prompts of `prompt_completion` rows too.
    package var trainsOnInputs = false
    /// The id put behind every text that the encoder did not end with it; nil: none. An evaluation of plain texts takes
    /// none, training the model's own. Rows that hold ids are taken as they stand.
    package var endOfText: Int32?
    /// Encodes texts; nil: only rows that hold ids can be read.
    package var encoder: (any TextEncoder)?

    /// A line, or an element of a list, that is longer is a mistake.
    package static let maximumRowByteCount = 1 << 26

    package init(
        encoder: (any TextEncoder)? = nil, sequenceLength: Int? = nil, vocabularySize: Int? = nil,
        trainsOnInputs: Bool = false, endOfText: Int32? = nil
    ) {
        precondition(sequenceLength ?? 2 >= 2)
        self.encoder = encoder
        self.sequenceLength = sequenceLength
        self.vocabularySize = vocabularySize
        self.trainsOnInputs = trainsOnInputs
        self.endOfText = endOfText
    }

    /// What was read, and what the user should know about it.
    package struct Result: Sendable {
        package var examples = ExampleSet()
        /// Rows that were cut, and rows that were left out, one line for each file.
        package var notices: [String] = []
        /// Rows of the files, those left out included.
        package var rowCount = 0
    }

    /// Reads the files in order.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong, or where no row is left.
    package func load(_ sources: [CorpusSource]) throws -> Result {
        var result = Result()
        for source in sources { try load(source, into: &result) }
        guard result.examples.count > 0 else {
            let files = sources.map(\.path).joined(separator: ", ")
            throw InputError(.data, file: files, "has no row to learn from", remedy: "every row needs two ids at least")
        }
        return result
    }

    private func load(_ source: CorpusSource, into result: inout Result) throws {
        var kind = source.kind
        var counts = (rows: 0, cut: 0, empty: 0)
        try RowFile(path: source.path).forEach { row in
            guard let known = kind ?? RowKind.detect(row) else {
                throw row.failure("has none of the fields text, prompt and completion, input_ids")
            }
            kind = known
            var example = try ExampleMaker(loader: self, kind: known).example(row)
            counts.rows += 1
            if let limit = sequenceLength, example.ids.count > limit {
                example = Example(ids: Array(example.ids[..<limit]), labels: Array(example.labels[..<limit]))
                counts.cut += 1
            }
            if !result.examples.append(example) { counts.empty += 1 }
        }
        result.rowCount += counts.rows
        let ofRows = "of \(counts.rows) rows"
        if let sequenceLength, counts.cut > 0 {
            result.notices.append(
                "\(source.path): \(counts.cut) \(ofRows) were cut to sequence_len \(sequenceLength)")
        }
        if counts.empty > 0 {
            result.notices.append(
                "\(source.path): \(counts.empty) \(ofRows) were left out: there is nothing in them to predict")
        }
    }
}
