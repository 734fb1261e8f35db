import Buffers
import JobFiles
import Sharding

extension Job {
    var zeroStage: ZeROStage {
        guard let stage = ZeROStage(rawValue: distributed.zeroStage) else {
            preconditionFailure("a job was read with the ZeRO stage \(distributed.zeroStage)")
        }
        return stage
    }

    /// Whether each rank trains on its own between outer steps.
    var isLocal: Bool { synchronizationInterval > 1 }

    /// What is to be said about steps that ranks take on their own; nil where they take none.
    /// - Throws: `InputError` where a rank would have nothing to train on.
    func checkLocalSteps(ranks: Int) throws -> String? {
        guard isLocal else { return nil }
        let microBatches = globalBatchSize.dividedRoundingUp(by: microBatchSize)
        guard microBatches >= ranks else {
            throw InputError(
                .usage, "sync_every: a step has \(microBatches) micro-batches, and each of \(ranks) ranks needs one",
                remedy: "raise global_batch_size, lower micro_batch_size, or start fewer ranks")
        }
        return "each rank trains on its own and meets the others every \(synchronizationInterval) steps; the result "
            + "depends on the number of ranks; each learns from a step's sequences divided by the ranks, which wants a "
            + "higher learning_rate than steps that all take together: about the root of the ranks times"
    }
}
