import Buffers
package import Corpus
import Execution
import JobFiles
import Tokenizers

/// The rows of a job as ids, and which of them are held out.
package struct TrainingData: Sendable {
    package let examples: ExampleSet
    package let split: ExampleSplit
    package let notices: [String]

    /// Reads and tokenises all datasets of a job.
    ///
    /// - Parameters:
    ///   - tokenizer: nil where the model has none; then only rows of ids can be read.
    ///   - vocabularySize: ids must be below it.
    init(_ job: Job, tokenizer: Tokenizer?, vocabularySize: Int) throws {
        var loader = CorpusLoader(
            encoder: tokenizer, sequenceLength: job.sequenceLength, vocabularySize: vocabularySize,
            trainsOnInputs: job.trainsOnInputs, endOfText: tokenizer?.eosTokenID)
        loader.chatLayout = job.chatTemplate.flatMap { ChatLayout(rawValue: $0.rawValue) }
        loader.excessLength = job.excessLength == .drop ? .drop : .truncate
        let result = try loader.load(
            job.datasets.map { CorpusSource(path: $0.path, kind: RowKind(rawValue: $0.kind.rawValue)) })
        examples = result.examples
        notices = result.notices
        split = try ExampleSplit(count: result.examples.count, heldOut: job.heldOut, seed: job.seed)
    }

    /// Tokens of the longest example: no sequence needs more positions.
    package var longest: Int { (0..<examples.count).map(examples.length(of:)).max() ?? 0 }

    package func tokenCount(of rows: [Int]) -> Int { rows.reduce(0) { $0 + examples.length(of: $1) } }
}
