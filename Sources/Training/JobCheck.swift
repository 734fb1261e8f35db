import Architectures
import Buffers
import Checkpoints
import Corpus
package import JobFiles
import Execution
import ModelFiles
import Optimizers

/// What a job would train, found by opening its model and reading its data; nothing is written.
package struct JobCheck: Encodable, Sendable {
    package let parameters: Int
    package let trainable_parameters: Int
    package let training_rows: Int
    package let held_out_rows: Int
    package let training_tokens: Int
    package let steps: Int
    package let notices: [String]

    /// - Throws: `InputError` for the first thing that is wrong.
    package init(_ job: Job) throws {
        let weights = job.adapter == .none ? try StartingWeights(job) : nil
        let architecture = try weights?.architecture ?? Self.baseArchitecture(job)
        let data = try TrainingData(
            job, tokenizer: TrainingBase.tokenizer(job), vocabularySize: architecture.vocabularySize)
        parameters = architecture.parameterCount
        trainable_parameters = try TrainablePlan(job, architecture: architecture, weights: weights).space.elementCount
        training_rows = data.split.training.count
        held_out_rows = data.split.heldOut.count
        training_tokens = data.tokenCount(of: data.split.training)
        steps = Sampler(job, data: data).totalSteps
        notices = data.notices
    }

    private static func baseArchitecture(_ job: Job) throws -> Architecture {
        if TrainingBase.isStore(job.baseModel) { return try BaseStore(path: job.baseModel).architecture }
        let directory = try ModelDirectory(path: job.baseModel)
        _ = try BaseEncoding(directory, linearFormat: job.baseFormat).formats()
        return directory.architecture
    }
}
