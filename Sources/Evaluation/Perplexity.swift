import Buffers
package import Collectives
package import Corpus
package import Execution

/// The loss of a model on rows of ids, each row alone, over all ranks.
package enum Perplexity {
    /// Nats over the targets of the rows; the sums are exact, so that ranks and batches do not change a bit.
    ///
    /// - Parameters:
    ///   - rows: numbers of examples in `set`, the same on every rank.
    ///   - room: as large as the runner's layout, which fits each row alone.
    ///   - microBatchSize: most rows of one forward.
    ///   - progress: called on every rank with the share that is done.
    /// - Returns: the sum over all ranks.
    package static func loss(
        of rows: [Int], in set: ExampleSet, runner: ModelRunner, room: BatchRoom, microBatchSize: Int,
        communicator: any Communicator, progress: (Double) throws -> Void = { _ in }
    ) throws -> ExactLoss {
        let batches = MicroBatch.inOrder(rows, of: set, microBatchSize: microBatchSize)
        var loss = ExactLoss()
        let rounds = batches.count.dividedRoundingUp(by: communicator.size)
        for round in 0..<rounds {
            let number = round * communicator.size + communicator.rank
            if number < batches.count {
                loss += try runner.evaluateMicroBatch(room.batch(batches[number], of: set))
            } else {
                try runner.accompanyEvaluation()
            }
            try progress(Double(round + 1) / Double(rounds))
        }
        return try loss.summed(over: communicator)
    }
}
