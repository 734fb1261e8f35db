import Buffers
import Collectives
package import Corpus
import Execution
import JobFiles
import Tokenizers

/// The rows of a job as ids, and which of them are held out.
package struct TrainingData: Sendable {
    package let examples: ExampleSet
    package let split: ExampleSplit
    /// On the coordinator.
    package let notices: [String]

    /// Reads and tokenises all datasets of a job.
    ///
    /// - Parameters:
    ///   - tokenizer: nil where the model has none; then only rows of ids can be read.
    ///   - vocabularySize: ids must be below it.
    init(_ job: Job, tokenizer: Tokenizer?, vocabularySize: Int) throws {
        let result = try Self.load(job, tokenizer: tokenizer, vocabularySize: vocabularySize)
        try self.init(job, examples: result.examples, notices: result.notices)
    }

    /// The same on all ranks, read by the coordinator alone: the others need not see the files. All ranks call it.
    /// - Parameter tokenizer: on the coordinator.
    static func read(
        _ job: Job, tokenizer: Tokenizer?, vocabularySize: Int, communicator: any Communicator
    ) throws -> TrainingData {
        let result = try communicator.agree {
            communicator.isCoordinator ? try load(job, tokenizer: tokenizer, vocabularySize: vocabularySize) : nil
        }
        let examples = try communicator.broadcast(result?.examples ?? ExampleSet())
        return try TrainingData(job, examples: examples, notices: result?.notices ?? [])
    }

    private init(_ job: Job, examples: ExampleSet, notices: [String]) throws {
        self.examples = examples
        self.notices = notices
        split = try ExampleSplit(count: examples.count, heldOut: job.heldOut, seed: job.seed)
    }

    private static func load(_ job: Job, tokenizer: Tokenizer?, vocabularySize: Int) throws -> CorpusLoader.Result {
        var loader = CorpusLoader(
            encoder: tokenizer, sequenceLength: job.sequenceLength, vocabularySize: vocabularySize,
            trainsOnInputs: job.trainsOnInputs, endOfText: tokenizer?.eosTokenID)
        loader.chatLayout = job.chatTemplate.flatMap { ChatLayout(rawValue: $0.rawValue) }
        loader.excessLength = job.excessLength == .drop ? .drop : .truncate
        return try loader.load(
            job.datasets.map { CorpusSource(path: $0.path, kind: RowKind(rawValue: $0.kind.rawValue)) })
    }

    /// Tokens of the longest example: no sequence needs more positions.
    package var longest: Int { (0..<examples.count).map(examples.length(of:)).max() ?? 0 }

    package func tokenCount(of rows: [Int]) -> Int { rows.reduce(0) { $0 + examples.length(of: $1) } }
}
