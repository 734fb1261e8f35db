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
        let architecture: Architecture
        let data: TrainingData
        if TrainingBase.isStore(job.baseModel) {
            let store = try BaseStore(path: job.baseModel)
            architecture = store.architecture
            data = try TrainingData(
                job, tokenizer: try store.tokenizer(), vocabularySize: architecture.vocabularySize)
        } else {
            let directory = try ModelDirectory(path: job.baseModel)
            _ = try BaseEncoding(directory, linearFormat: job.baseFormat).formats()
            architecture = directory.architecture
            data = try TrainingData(
                job, tokenizer: try LoadedModel.tokenizer(in: job.baseModel),
                vocabularySize: architecture.vocabularySize)
        }
        parameters = architecture.parameterCount
        trainable_parameters = try AdapterPlan(job, architecture: architecture).space.elementCount
        training_rows = data.split.training.count
        held_out_rows = data.split.heldOut.count
        training_tokens = data.tokenCount(of: data.split.training)
        steps = Sampler(job, data: data).totalSteps
        notices = data.notices
    }
}
