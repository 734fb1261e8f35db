import Buffers
package import Tokenizers

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
    /// Rows have this many ids at most; nil: they stay whole.
    package var sequenceLength: Int?
    /// What becomes of longer ones.
    package var excessLength = ExcessLength.truncate
    /// Ids and labels must be below it; nil: not checked.
    package var vocabularySize: Int?
    /// Learn prompts and all turns of conversations too.
    package var trainsOnInputs = false
    /// How conversations are written; nil: rows that hold one are refused.
    package var chatLayout: ChatLayout?
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
        /// Rows that were cut, and rows that were left out, a line for each file and reason.
        package var notices: [String] = []
        /// Rows of the files, those left out included.
        package var rowCount = 0
    }

    /// Reads the files in order.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong, or where no row is left.
    package func load(_ sources: [CorpusSource]) throws -> Result {
        var result = Result()
        var longRows = 0
        for source in sources { longRows += try load(source, into: &result).long }
        guard result.examples.count > 0 else {
            let files = sources.map(\.path).joined(separator: ", ")
            let remedy = longRows > 0 ? "raise sequence_len" : "every row needs two ids at least"
            throw InputError(.data, file: files, "has no row to learn from", remedy: remedy)
        }
        return result
    }

    private func load(_ source: CorpusSource, into result: inout Result) throws -> RowCounts {
        var kind = source.kind
        var counts = RowCounts()
        try RowFile(path: source.path).forEach { row in
            let known = try kind ?? RowKind.detect(row)
            kind = known
            let example = try ExampleMaker(loader: self, kind: known).example(row)
            let fitted = fitted(example)
            counts.add(example, fitted: fitted)
            if let fitted { result.examples.append(fitted) }
        }
        result.rowCount += counts.rows
        result.notices += counts.notices(limit: sequenceLength).map { "\(source.path): \($0)" }
        if let chatLayout, kind?.isConversation == true, let notice = missingMarksNotice(chatLayout),
            !result.notices.contains(notice)
        {
            result.notices.append(notice)
        }
        return counts
    }

    /// The example as long as it may be; nil where a longer one is to be left out.
    func fitted(_ example: Example) -> Example? {
        guard let sequenceLength, example.ids.count > sequenceLength else { return example }
        switch excessLength {
        case .truncate: return example.prefix(sequenceLength)
        case .drop: return nil
        }
    }

    /// What to say where the layout's marks are no tokens of the model.
    func missingMarksNotice(_ layout: ChatLayout) -> String? {
        guard let missing = encoder?.missingMarks(of: layout), missing.contains(layout.endOfTurn) else { return nil }
        return
            "the tokenizer has no token \(layout.endOfTurn): the marks of \(layout.rawValue) are spelled in letters, "
            + "and texts can spell them too"
    }
}
