import Collectives
package import Events
import Execution
import JobFiles

extension Trainer {
    /// Runs from wherever the job stands to its end, or to a request to stop.
    package func run() throws -> FinishSummary {
        let clock = ContinuousClock()
        let start = clock.now
        var progress = RunProgress()
        if stepsDone == 0, job.job.evaluationSteps > 0 { try evaluate(&progress) }
        while stepsDone < totalSteps {
            guard let record = try trainStep() else {
                try saveIfNew(&progress)
                return summary(.checkpointed(reason: stopReason), progress, seconds: (clock.now - start).seconds)
            }
            progress.loss = record.loss
            progress.tokens += record.tokens
            try send(.step(record))
            if isEvaluationDue { try evaluate(&progress) }
            let asked = try requests.agree()
            if isDue(job.job.saveSteps) || isLast || !asked.isEmpty { try saveIfNew(&progress) }
            if asked.contains(.stop), !isLast {
                return summary(.checkpointed(reason: stopReason), progress, seconds: (clock.now - start).seconds)
            }
        }
        progress.result = try exportResult()
        return summary(.completed, progress, seconds: (clock.now - start).seconds)
    }

    private var isLast: Bool { stepsDone == totalSteps }

    /// Ranks that train on their own have no common parameters to evaluate before they meet.
    private var isEvaluationDue: Bool {
        let interval = job.job.evaluationSteps
        guard interval > 0, isSynchronizing else { return false }
        let before = max(0, stepsDone - job.job.synchronizationInterval)
        return isLast || stepsDone / interval > before / interval
    }

    private func isDue(_ interval: Int) -> Bool { interval > 0 && stepsDone % interval == 0 }

    private var stopReason: String { SignalRequests.signal.map(SignalRequests.name) ?? "a request at another rank" }

    /// Saves unless the checkpoint of this step is committed already.
    private func saveIfNew(_ progress: inout RunProgress) throws {
        guard checkpoints.lastStep != stepsDone else { return }
        let record = try save()
        progress.checkpointPath = record.path
        requests.didSave()
        try send(.save(record))
    }

    private func evaluate(_ progress: inout RunProgress) throws {
        guard let record = try evaluate() else { return }
        progress.evaluationLoss = record.loss
        try send(.evaluation(record))
    }

    /// The coordinator's consumers may fail to write; then all ranks stop.
    private func send(_ event: Event) throws {
        try communicator.agree {
            try events.send(event)
            if let straggler = communicator.watch?.takeStraggler() {
                try events.send(.straggler(StragglerRecord(straggler)))
            }
        }
    }

    private func summary(
        _ outcome: FinishSummary.Outcome, _ progress: RunProgress, seconds: Double
    ) -> FinishSummary {
        FinishSummary(
            outcome: outcome, step: stepsDone, totalSteps: totalSteps, loss: progress.loss,
            evaluationLoss: progress.evaluationLoss, seconds: seconds, tokens: progress.tokens,
            outputDirectory: job.job.outputDirectory, result: progress.result,
            checkpointPath: progress.checkpointPath ?? checkpoints.lastPath)
    }
}

/// What a run remembers for its closing summary.
private struct RunProgress {
    var loss: Double?
    var evaluationLoss: Double?
    var tokens = 0
    var result: TrainedResult?
    var checkpointPath: String?
}

extension StragglerRecord {
    fileprivate init(_ straggler: Straggler) {
        self.init(
            rank: straggler.rank.rank, host: straggler.rank.host, ratio: straggler.ratio, share: straggler.share)
    }
}
