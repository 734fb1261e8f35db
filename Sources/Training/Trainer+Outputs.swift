import Corpus
import Sharding
import Architectures
import Buffers
import Collectives
import Evaluation
import Events
import Execution
import JobFiles
import ModelFiles

extension Trainer {
    /// One pass over the held-out rows; nil where nothing is held out.
    func evaluate() throws -> EvaluationRecord? {
        guard !data.split.heldOut.isEmpty else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        let loss = try Perplexity.loss(
            of: data.split.heldOut, in: data.examples, runner: runner, room: room,
            microBatchSize: job.job.microBatchSize, communicator: communicator)
        memory.sample()
        return EvaluationRecord(
            step: stepsDone, loss: loss.mean, targetTokens: Int(loss.tokens), seconds: (clock.now - start).seconds)
    }

    func save() throws -> SaveRecord {
        try checkpoints.save(step: stepsDone, trainables: trainables, local: local, adapter: adapter, job: job)
    }

    /// Writes what was trained for other programs; all ranks call it.
    func exportResult() throws -> TrainedResult {
        if let weights = base.weights { return .model(path: try exportModel(weights)) }
        guard let adapter else { preconditionFailure("a run trains an adapter or all parameters") }
        return .adapter(path: try export(adapter))
    }

    /// Writes the adapter as PEFT files into `output_dir/adapter`; all ranks call it.
    /// - Returns: the path of the directory.
    private func export(_ adapter: AdapterDescription) throws -> String {
        let path = job.job.outputDirectory + "/adapter"
        let values = try trainables.gatherAll()
        try communicator.agree {
            guard let values else { return }
            let origin = AdapterOrigin(baseHash: checkpoints.baseHash, linearFormat: job.job.baseFormat)
            try PEFTAdapter.write(adapter, tensors: trainables.space, values: values, origin: origin, to: path)
        }
        return path
    }
}
