import Architectures
import Corpus
package import JobFiles

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
        let opened = try OpenedJob(job)
        let data = opened.data
        parameters = opened.architecture.parameterCount
        trainable_parameters = opened.space.elementCount
        training_rows = data.split.training.count
        held_out_rows = data.split.heldOut.count
        training_tokens = data.tokenCount(of: data.split.training)
        steps = opened.sampler.totalSteps
        notices = data.notices
    }
}
