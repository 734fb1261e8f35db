import Corpus
import Foundation
import Tokenizers

/// A file of rows in the temporary directory, removed with the value.
final class RowText {
    let path = FileManager.default.temporaryDirectory.appending(path: "rows-\(UUID().uuidString).jsonl").path

    init(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
    init(bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func load(_ kind: RowKind? = nil, _ loader: CorpusLoader = CorpusLoader()) throws -> CorpusLoader.Result {
        try loader.load([CorpusSource(path: path, kind: kind)])
    }

    func examples(_ kind: RowKind? = nil, _ loader: CorpusLoader = CorpusLoader()) throws -> [Example] {
        let set = try load(kind, loader).examples
        return (0..<set.count).map { set[$0] }
    }

    /// The error of reading it, without the path; "read" where there is none.
    func error(_ kind: RowKind? = nil, _ loader: CorpusLoader = CorpusLoader()) -> String {
        do {
            _ = try load(kind, loader)
            return "read"
        } catch {
            return "\(error)".replacing(path + ": ", with: "")
        }
    }
}

/// BOS 1, then a letter an id, but `ch` is one token: 256.
struct LetterEncoder: TextEncoder {
    func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        var ids: [Int32] = addSpecialTokens ? [1] : []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "h"), ids.last == Int32(UInt8(ascii: "c")) {
                ids[ids.count - 1] = 256
            } else {
                ids.append(Int32(byte))
            }
        }
        return ids
    }

    /// Marks are letters; BOS begins a conversation.
    func encode(_ segments: [ChatSegment], of layout: ChatLayout) -> EncodedChat {
        segments.reduce(into: EncodedChat()) { chat, segment in
            let ids = segment.content == .beginning ? [1] : encode(segment.text, addSpecialTokens: false)
            chat.append(ids, isTrained: segment.isTrained)
        }
    }

    func missingMarks(of layout: ChatLayout) -> [String] { layout.marks }
}

/// A set of examples of the given lengths; ids are unlike from example to example.
func exampleSet(lengths: [Int]) -> ExampleSet {
    var set = ExampleSet()
    for (index, length) in lengths.enumerated() {
        let ids = (0..<length).map { Int32(index * 1000 + $0) }
        set.append(Example(ids: ids, labels: ids))
    }
    return set
}
