import ArgumentParser
import Buffers
import Collectives
import Events
import Execution
import Foundation
import JobFiles
import Reporting
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a job; under mpirun on all ranks. Resumes where the job stands.",
        discussion: """
            Writes metrics.jsonl, checkpoints/ and, at the end, adapter/ (for PEFT) or, with adapter: none, model/ (for
            transformers) into output_dir. A run that was
            killed goes on from its last checkpoint with the same command, on any number of ranks, with the same bits.
            SIGTERM or SIGUSR1 saves a checkpoint and ends with exit code 75; a file named swiftlet.save in
            output_dir asks for a checkpoint.
            """)

    @Argument(help: "The job file.")
    var job: String

    @Option(name: .customLong("set"), help: "Override a key of the job: key=value, dotted for nested keys.")
    var overrides: [String] = []

    @Flag(help: "Print the closing summary as JSON.")
    var json = false

    func run() throws {
        let outcome = RankedRun.run { world in
            let job = try readJob(world)
            let communicator = try job.distributed.ranksPerNode.map { try world.regrouped(ranksPerNode: $0) } ?? world
            SignalRequests.install(job.checkpoint.signals.map(\.number))
            let events = EventStream(
                communicator.isCoordinator
                    ? [ProgressReporter(), MetricsWriter(path: job.outputDirectory + "/metrics.jsonl")] : [])
            let trainer = try Trainer.prepare(job, communicator: communicator, events: events)
            let summary = try trainer.run()
            try communicator.agree {
                try events.send(.finished(summary))
                if json, communicator.isCoordinator { try Console.print(json: ClosingSummary(summary)) }
            }
            return summary.outcome
        }
        if case .checkpointed = outcome { throw ArgumentParser.ExitCode(Execution.ExitCode.checkpointed) }
    }

    /// The job on all ranks, read by the coordinator, which alone need see the file; its notices are told there.
    private func readJob(_ world: any Communicator) throws -> Job {
        var own: Job?
        let sent = try world.fromCoordinator {
            let job = try Job(contentsOf: job, overrides: overrides)
            own = job
            return job
        }
        return own ?? sent
    }
}

/// The closing summary for machines.
private struct ClosingSummary: Encodable {
    let outcome: String
    let step: Int
    let total_steps: Int
    let loss: Double?
    let eval_loss: Double?
    let seconds: Double
    let tokens: Int
    let operations: Int?
    let bytes_sent: Int?
    let output_dir: String
    let adapter: String?
    let model: String?
    let checkpoint: String?

    init(_ summary: FinishSummary) {
        if case .checkpointed = summary.outcome { outcome = "checkpointed" } else { outcome = "completed" }
        step = summary.step
        total_steps = summary.totalSteps
        loss = summary.loss
        eval_loss = summary.evaluationLoss
        seconds = summary.seconds
        tokens = summary.tokens
        operations = summary.traffic?.operations
        bytes_sent = summary.traffic?.bytes
        output_dir = summary.outputDirectory
        if case .adapter(let path) = summary.result { adapter = path } else { adapter = nil }
        if case .model(let path) = summary.result { model = path } else { model = nil }
        checkpoint = summary.checkpointPath
    }
}

extension CheckpointSettings.SignalName {
    /// The signal's number on this system.
    fileprivate var number: Int32 {
        switch self {
        case .term: SIGTERM
        case .interrupt: SIGINT
        case .hangup: SIGHUP
        case .usr1: SIGUSR1
        case .usr2: SIGUSR2
        }
    }
}
