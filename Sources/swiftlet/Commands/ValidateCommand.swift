import ArgumentParser
import Buffers
import Foundation
import JobFiles
import Reporting
import Training

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a job file, its model and its data, without training.",
        discussion: "The keys of a job file:\n\n" + Job.documentationText)

    @Argument(help: "The job file.")
    var job: String

    @Option(name: .customLong("set"), help: "Override a key of the job: key=value, dotted for nested keys.")
    var overrides: [String] = []

    @Flag(help: "Check the job file alone, not the model and the data that it names.")
    var fileOnly = false

    @Flag(help: "Print the job with every key, and what was found, as JSON.")
    var json = false

    func run() throws {
        let job = try Job(contentsOf: job, overrides: overrides)
        for notice in job.notices { Console.note("notice: \(notice)") }
        let found = fileOnly ? nil : try JobCheck(job)
        for notice in found?.notices ?? [] { Console.note("notice: \(notice)") }
        if json {
            try Console.print(json: Report(job: job, found: found))
            return
        }
        guard let found else {
            Console.print("\(self.job): the job file is right")
            return
        }
        Console.print(
            """
            \(self.job): ready to train
              base      \(job.baseModel), \(Wording.size(found.parameters)) parameters
              adapter   \(Wording.size(found.trainable_parameters)) trainable parameters
              data      \(Wording.plural(found.training_rows, "row")), \(Wording.count(found.training_tokens)) tokens; \
            \(Wording.plural(found.held_out_rows, "row")) held out
              run       \(Wording.plural(found.steps, "step")) of \(job.globalBatchSize) sequences
            next: swiftlet train \(self.job), or mpirun -n RANKS swiftlet train \(self.job)
            """)
    }

    private struct Report: Encodable {
        let job: Job
        let found: JobCheck?
    }
}
