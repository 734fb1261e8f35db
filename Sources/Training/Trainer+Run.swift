import Collectives
package import Events
import Execution
import JobFiles

extension Trainer {
    /// Runs from wherever the job stands to its end, or to a request to stop.
    package func run() throws -> FinishSummary {
        let clock = ContinuousClock()
        let start = clock.now
        var progress = RunProgress(elsewhere: ownTraffic)
        if stepsDone == 0, job.job.evaluationSteps > 0 { try evaluate(&progress) }
        while stepsDone < totalSteps {
            guard let record = try trainStep() else {
                try saveIfNew(&progress)
                return try summary(.checkpointed(reason: stopReason), progress, seconds: (clock.now - start).seconds)
            }
            progress.loss = record.loss
            progress.tokens += record.tokens
            try send(.step(record))
            if isEvaluationDue { try evaluate(&progress) }
            let asked = try requests.agree()
            if isDue(job.job.saveSteps) || isLast || !asked.isEmpty { try saveIfNew(&progress) }
            if asked.contains(.stop), !isLast {
                return try summary(.checkpointed(reason: stopReason), progress, seconds: (clock.now - start).seconds)
            }
        }
        progress.result = try apart(&progress) { try exportResult() }
        return try summary(.completed, progress, seconds: (clock.now - start).seconds)
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
        let record = try apart(&progress) { try save() }
        progress.checkpointPath = record.path
        requests.didSave()
        try send(.save(record))
    }

    private func evaluate(_ progress: inout RunProgress) throws {
        guard let record = try apart(&progress, { try evaluate() }) else { return }
        progress.evaluationLoss = record.loss
        try send(.evaluation(record))
    }

    /// Does something that is no part of a step, and whose traffic does not count as that of steps.
    private func apart<Result>(_ progress: inout RunProgress, _ body: () throws -> Result) rethrows -> Result {
        let start = ownTraffic
        defer { progress.elsewhere += ownTraffic - start }
        return try body()
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
    ) throws -> FinishSummary {
        try FinishSummary(
            outcome: outcome, step: stepsDone, totalSteps: totalSteps, loss: progress.loss,
            evaluationLoss: progress.evaluationLoss, seconds: seconds, tokens: progress.tokens,
            traffic: traffic(without: progress.elsewhere), outputDirectory: job.job.outputDirectory,
            result: progress.result, checkpointPath: progress.checkpointPath ?? checkpoints.lastPath)
    }
}

/// What a run remembers for its closing summary.
private struct RunProgress {
    /// What this rank has sent before the first step and between steps.
    var elsewhere: RunTraffic
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
