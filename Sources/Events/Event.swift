/// What a run has to say: the coordinator sends these, consumers write them down or show them.
package enum Event: Sendable, Equatable {
    /// Everything is loaded and checked; the first step is about to begin.
    case started(RunSummary)
    /// The run goes on from a checkpoint of this step.
    case resumed(step: Int, path: String)
    case step(StepRecord)
    case evaluation(EvaluationRecord)
    case save(SaveRecord)
    /// Something the user did not ask for but should know.
    case notice(String)
    /// Something that is likely to spoil the run.
    case warning(String)
    /// A rank that is slower than the others; at most one a minute.
    case straggler(StragglerRecord)
    case finished(FinishSummary)
}
