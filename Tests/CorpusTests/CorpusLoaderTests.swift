import Buffers
import Corpus
import Testing

@Suite struct CorpusLoaderTests {
    private let letters = CorpusLoader(encoder: LetterEncoder(), vocabularySize: 300, endOfText: 2)

    @Test("A text is learned whole, with EOS behind it")
    func text() throws {
        let file = try RowText("{\"text\": \"ab\"}\n\n{\"id\": [1, {\"x\": null}], \"text\": \"\\u0063\"}")
        let rows = try file.examples(.text, letters)
        #expect(rows.map(\.ids) == [[1, 97, 98, 2], [1, 99, 2]])
        #expect(rows.map(\.labels) == rows.map(\.ids))
        let plain = CorpusLoader(encoder: LetterEncoder())
        #expect(try file.examples(.text, plain).map(\.ids) == [[1, 97, 98], [1, 99]])
    }

    @Test("Of a prompt and its completion the completion and EOS are learned")
    func promptCompletion() throws {
        let file = try RowText(#"{"prompt": "ab", "completion": "cd"}"#)
        #expect(
            try file.examples(nil, letters) == [
                Example(ids: [1, 97, 98, 99, 100, 2], labels: [-100, -100, -100, 99, 100, 2])
            ])
        var whole = letters
        whole.trainsOnInputs = true
        #expect(try file.examples(nil, whole)[0].labels == [1, 97, 98, 99, 100, 2])
    }

    @Test("A token that straddles the border belongs to the completion")
    func straddle() throws {
        let file = try RowText(#"{"prompt": "ac", "completion": "hi"}"#)
        #expect(
            try file.examples(nil, letters) == [Example(ids: [1, 97, 256, 105, 2], labels: [-100, -100, 256, 105, 2])])
    }

    @Test("Ids are taken as they stand, with or without labels")
    func pretokenized() throws {
        let file = try RowText(
            """
            {"input_ids": [5, 6, 7], "attention_mask": [1, 1, 1]}
            {"input_ids":[5,6,7],"labels":[-100,-100,7]}
            """)
        let rows = try file.examples(.pretokenized, CorpusLoader(vocabularySize: 8, endOfText: 2))
        #expect(
            rows == [Example(ids: [5, 6, 7], labels: [5, 6, 7]), Example(ids: [5, 6, 7], labels: [-100, -100, 7])])
    }

    @Test("A list, CRLF and a byte-order mark are put up with")
    func layouts() throws {
        let ids: [[Int32]] = [[1, 2], [3, 4]]
        for text in [
            "\u{FEFF}{\"input_ids\": [1, 2]}\r\n{\"input_ids\": [3, 4]}\r\n",
            "[{\"input_ids\": [1, 2]},\n {\"input_ids\": [3,\n 4]}]\n",
            "\n\n{\"input_ids\": [1, 2]}\n{\"input_ids\": [3, 4]}",
        ] {
            #expect(try RowText(text).examples().map(\.ids) == ids)
        }
    }

    @Test(
        "Escapes are read as JSON has them",
        arguments: [
            (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u00e9\u20AC"#, "é€"), (#"\uD83D\uDE00"#, "😀"),
            (#"\ud83dx"#, "\u{FFFD}x"), (#"\ud83d\u0041"#, "\u{FFFD}A"), (#"\udc00"#, "\u{FFFD}"),
        ])
    func escapes(escaped: String, plain: String) throws {
        let rows = try RowText("{\"text\": \"\(escaped)\"}").examples(.text, CorpusLoader(encoder: LetterEncoder()))
        #expect(rows[0].ids == [1] + plain.utf8.map { Int32($0) })
    }

    @Test("Long rows are cut, rows without a target left out, and both are said once")
    func notices() throws {
        let file = try RowText(
            """
            {"input_ids": [1, 2, 3, 4, 5]}
            {"input_ids": [1]}
            {"input_ids": []}
            {"input_ids": [1, 2], "labels": [1, -100]}
            {"input_ids": [1, 2, 3], "labels": [-100, -100, 3]}
            {"input_ids": [1, 2, 3, 4], "labels": [-100, -100, -100, 4]}
            """)
        let result = try file.load(nil, CorpusLoader(sequenceLength: 3))
        #expect(result.examples.count == 2)
        #expect(result.examples[0].ids == [1, 2, 3])
        #expect(result.examples.targetCount(of: 1) == 1)
        #expect(result.rowCount == 6)
        #expect(
            result.notices == [
                "\(file.path): 1 of 6 rows were cut to sequence_len 3",
                "\(file.path): 1 of 6 rows were left out: all that is learned in them lies behind sequence_len 3",
                "\(file.path): 3 of 6 rows were left out: there is nothing in them to predict",
            ])
        var dropping = CorpusLoader(sequenceLength: 3)
        dropping.excessLength = .drop
        let dropped = try file.load(nil, dropping)
        #expect(dropped.examples.count == 1 && dropped.examples[0].ids == [1, 2, 3] && dropped.rowCount == 6)
        #expect(
            dropped.notices == [
                "\(file.path): 2 of 6 rows were left out: they are longer than sequence_len 3",
                "\(file.path): 3 of 6 rows were left out: there is nothing in them to predict",
            ])
        dropping.sequenceLength = 2
        #expect(
            try RowText(#"{"input_ids": [1, 2, 3]}"#).error(nil, dropping)
                == "has no row to learn from; raise sequence_len")
    }

    @Test(
        "A wrong row is refused with its line",
        arguments: [
            (
                RowKind.text, "{\"text\": \"a\"}\n{\"txt\": 1}",
                "line 2: has no field text; rows of type text have text"
            ),
            (
                .text, "{\"text\": [\"a\"]}",
                "line 1: text must be text, found a list"
            ),
            (.text, "\n{\"text\": null}", "line 2: text must be text, found null"),
            (.text, "{\"text\": \"a\"", "line 1: is no valid JSON; correct the line; a row is one object on one line"),
            (.text, "{\"text\": \"a}", "line 1: is no valid JSON; correct the line; a row is one object on one line"),
            (
                .text, "{\"text\": \"a\"} x",
                "line 1: is no valid JSON; correct the line; a row is one object on one line"
            ),
            (
                .text, "{\"a\": tru, \"text\": \"\"}",
                "line 1: is no valid JSON; correct the line; a row is one object on one line"
            ),
            (.text, "hello", "line 1: is no JSON object; every row is one object in braces"),
            (.text, "{\"text\": \"\u{1}\"}", "line 1: has a control character in a string; write it as \\u00XX"),
            (.text, "{\"text\": \"a\", \"text\": \"b\"}", "line 1: the field text stands there twice"),
            (
                .promptCompletion, "[{\"prompt\": \"a\",\n\n \"completion\": 3}]",
                "line 1: completion must be text, found 3"
            ),
            (
                .text, "[{\"text\": \"a\"},\n\n {\n\"txt\": 3}]",
                "line 3: has no field text; rows of type text have text"
            ),
            (
                .pretokenized, "{\"input_ids\": [1, 300]}",
                "line 1: input_ids has 300, which is outside the vocabulary of 300 ids; use the ids of this model's "
                    + "tokenizer"
            ),
            (
                .pretokenized, "{\"input_ids\": [1, -1]}",
                "line 1: input_ids has -1, which is outside the vocabulary of 300 ids; use the ids of this model's "
                    + "tokenizer"
            ),
            (
                .pretokenized, "{\"input_ids\": [99999999999999999999999]}",
                "line 1: input_ids has 1099511627776, which is outside the vocabulary of 300 ids; use the ids of this "
                    + "model's tokenizer"
            ),
            (
                .pretokenized, "{\"input_ids\": [1, 2.5]}",
                "line 1: input_ids must be a list of whole numbers, found 2.5 in it"
            ),
            (
                .pretokenized, "{\"input_ids\": [1, 2], \"labels\": [1]}",
                "line 1: has 2 input_ids and 1 labels; labels stand beside input_ids, one each"
            ),
            (.pretokenized, "{\"input_ids\": [1]}", "has no row to learn from; every row needs two ids at least"),
            (.text, " \n", "is empty; a row is one JSON object on one line"),
        ])
    func refuses(kind: RowKind, text: String, message: String) throws {
        #expect(try RowText(text).error(kind, letters) == message)
    }

    @Test("Bytes that are no UTF-8, and nesting without end, are refused")
    func hostile() throws {
        let bytes = Array("{\"text\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        #expect(try RowText(bytes: bytes).error(.text, letters) == "line 1: is not UTF-8; convert the file to UTF-8")
        let deep = "{\"x\": " + String(repeating: "[", count: 100_000)
        #expect(try RowText(deep).error(.text, letters) == "line 1: is nested more than 64 deep")
        let text = try RowText("{\"text\": \"a\"}").error(.text)
        #expect(text == "line 1: holds text, and there is no tokenizer; add tokenizer.json to the model")
    }

    @Test("The fingerprint knows ids, labels and where rows end")
    func fingerprint() {
        func fingerprint(_ rows: [([Int32], [Int32])]) -> String {
            var set = ExampleSet()
            for row in rows { set.append(Example(ids: row.0, labels: row.1)) }
            return set.fingerprint
        }
        let prints = [
            fingerprint([([1, 2], [1, 2]), ([3, 4], [3, 4])]), fingerprint([([3, 4], [3, 4]), ([1, 2], [1, 2])]),
            fingerprint([([1, 2, 3, 4], [1, 2, 3, 4])]), fingerprint([([1, 2], [-100, 2]), ([3, 4], [3, 4])]),
            fingerprint([([1, 5], [1, 2]), ([3, 4], [3, 4])]),
        ]
        #expect(Set(prints).count == prints.count)
        #expect(prints[0] == fingerprint([([1, 2], [1, 2]), ([3, 4], [3, 4])]))
        #expect(prints.allSatisfy { $0.count == 32 })
    }
}
