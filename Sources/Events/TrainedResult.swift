/// What a finished run leaves for other programs.
package enum TrainedResult: Sendable, Equatable {
    /// The directory of a PEFT adapter.
    case adapter(path: String)
    /// The Hugging Face directory of a whole model.
    case model(path: String)
}
