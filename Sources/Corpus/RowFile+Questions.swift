import Buffers

extension RowFile {
    /// Whether the first row has `choices`: then the file is one of multiple choice.
    /// - Throws: `InputError` of kind `.data` where the file cannot be read, is empty, or does not begin with a row.
    package func holdsMultipleChoice() throws -> Bool { try firstRow().fields["choices"] != nil }

    /// Whether the first row has a prompt and a completion.
    /// - Throws: as `holdsMultipleChoice`.
    package func holdsCompletions() throws -> Bool {
        let row = try firstRow()
        return row["prompt"] != nil && row["completion"] != nil
    }

    /// All rows of a file of multiple choice, in order.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong.
    package func multipleChoiceRows() throws -> [MultipleChoiceRow] {
        var rows: [MultipleChoiceRow] = []
        try forEach { rows.append(try MultipleChoiceRow($0)) }
        return rows
    }

    /// All prompts of a file, in order, with the completions that stand beside them.
    /// - Throws: `InputError` of kind `.data` with the line of the first row that is wrong.
    package func promptRows() throws -> [PromptRow] {
        var rows: [PromptRow] = []
        try forEach { rows.append(try PromptRow($0)) }
        return rows
    }

    func firstRow() throws -> Row {
        struct Found: Error { let row: Row }
        do {
            try forEach { throw Found(row: $0) }
        } catch let found as Found {
            return found.row
        }
        throw InputError(.data, file: path, "has no row", remedy: "a row is one JSON object on one line")
    }
}
