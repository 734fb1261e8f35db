import Buffers
package import Corpus

/// A row as an exact-match task sees it: what is given, and what should follow.
package struct Question: Sendable, Equatable {
    /// Its number in the file, from 0.
    package var number: Int
    package var prompt: [Int32]
    package var answer: [Int32]

    /// The last run of labels of an example is the answer, all ids before it are the prompt.
    /// - Throws: `InputError` where nothing stands before the answer.
    package init(_ number: Int, of set: ExampleSet, file: String) throws {
        let example = set[number]
        let isLearned = example.labels.map { $0 != ExampleSet.ignored }
        guard let last = isLearned.lastIndex(of: true) else { preconditionFailure("an example predicts something") }
        let start = isLearned[..<last].lastIndex(of: false).map { $0 + 1 } ?? 0
        guard start > 0 else {
            throw InputError(
                .data, file: file, place: "row \(number + 1)", "has no prompt before its answer",
                remedy: "exact match needs rows with prompt and completion, or conversations")
        }
        self.number = number
        prompt = Array(example.ids[..<start])
        answer = Array(example.ids[start...last])
    }
}
