import Buffers

/// Makes an example of a row.
struct ExampleMaker {
    let loader: CorpusLoader
    let kind: RowKind

    func example(_ row: [String: RowValue], _ reader: inout RowReader) throws -> Example {
        switch kind {
        case .text:
            let text = try text("text", row, &reader)
            if text.isEmpty { return Example(ids: [], labels: []) }
            let ids = closed(try encode(text, &reader))
            return Example(ids: ids, labels: ids)
        case .promptCompletion:
            let prompt = try text("prompt", row, &reader)
            let ids = closed(try encode(prompt + text("completion", row, &reader), &reader))
            guard !loader.trainsOnInputs else { return Example(ids: ids, labels: ids) }
            // The prompt is encoded once more alone: where a token straddles the border, it belongs to the completion.
            let shared = zip(try encode(prompt, &reader), ids).prefix { $0 == $1 }.count
            let ignored = [Int32](repeating: ExampleSet.ignored, count: shared)
            return Example(ids: ids, labels: ignored + ids[shared...])
        case .pretokenized:
            return try pretokenized(row, &reader)
        }
    }

    private func pretokenized(_ row: [String: RowValue], _ reader: inout RowReader) throws -> Example {
        let ids = try ids("input_ids", row, &reader, allowsIgnored: false)
        guard row["labels"] != nil else { return Example(ids: ids, labels: ids) }
        let labels = try self.ids("labels", row, &reader, allowsIgnored: true)
        guard labels.count == ids.count else {
            throw reader.failure(
                "has \(ids.count) input_ids and \(labels.count) labels",
                remedy: "labels stand beside input_ids, one each")
        }
        return Example(ids: ids, labels: labels)
    }

    private func text(_ name: String, _ row: [String: RowValue], _ reader: inout RowReader) throws -> String {
        guard case .text(let text) = row[name] else { throw missing(name, "text", row, &reader) }
        return text
    }

    private func ids(
        _ name: String, _ row: [String: RowValue], _ reader: inout RowReader, allowsIgnored: Bool
    ) throws -> [Int32] {
        guard case .integers(let numbers) = row[name] else {
            throw missing(name, "a list of whole numbers", row, &reader)
        }
        let size = loader.vocabularySize ?? Int(Int32.max)
        return try numbers.map { number in
            guard number >= 0 && number < size || allowsIgnored && number == Int(ExampleSet.ignored) else {
                throw reader.failure(
                    "\(name) has \(number), which is outside the vocabulary of \(size) ids",
                    remedy: "use the ids of this model's tokenizer")
            }
            return Int32(number)
        }
    }

    private func missing(
        _ name: String, _ wanted: String, _ row: [String: RowValue], _ reader: inout RowReader
    ) -> InputError {
        guard let value = row[name] else {
            return reader.failure(
                "has no field \(name)",
                remedy: "rows of type \(kind.rawValue) have \(kind.requiredFields.joined(separator: " and "))")
        }
        return reader.failure("\(name) must be \(wanted), found \(value.found)")
    }

    private func encode(_ text: String, _ reader: inout RowReader) throws -> [Int32] {
        guard let encoder = loader.encoder else {
            throw reader.failure("holds text, and there is no tokenizer", remedy: "add tokenizer.json to the model")
        }
        let ids = try encoder.encode(text, addSpecialTokens: true)
        if let size = loader.vocabularySize, let id = ids.first(where: { $0 < 0 || Int($0) >= size }) {
            throw reader.failure(
                "the tokenizer gives id \(id), the model has \(size)", remedy: "use the tokenizer of this model")
        }
        return ids
    }

    private func closed(_ ids: [Int32]) -> [Int32] {
        guard let end = loader.endOfText, ids.last != end else { return ids }
        return ids + [end]
    }
}
