import Architectures
import Buffers
import Collectives
import Corpus
import Evaluation
import Execution
import Foundation
import Kernels
import Reporting

extension EvalCommand {
    func measurePerplexity() throws {
        let report = RankedRun.run { communicator in
            let clock = ContinuousClock()
            let start = clock.now
            let (model, context) = try options.open(self.model, communicator: communicator, isShared: true)
            let (set, numbers) = try rows(
                for: model, sequenceLength: sequenceLen ?? max(2, model.architecture.maximumPositions),
                communicator: communicator)
            let longest = numbers.map(set.length(of:)).max() ?? 0
            let batchSize = max(1, Self.batchTokens / max(1, longest))
            let runner = try model.runner(
                tokens: batchSize * longest, longestSequence: longest, training: false, context: context,
                compute: options.compute)
            let loss = try Perplexity.loss(
                of: Array(numbers), in: set, runner: runner, room: BatchRoom(tokenCapacity: batchSize * longest),
                microBatchSize: batchSize, communicator: communicator)
            guard loss.isFinite else {
                throw InputError(
                    .data, file: self.model, "gives a loss that is not finite", remedy: "check the weights")
            }
            let elapsed = start.duration(to: clock.now)
            return PerplexityReport(
                loss: loss.mean, perplexity: exp(loss.mean), tokens: Int(loss.tokens), rows: numbers.count,
                seconds: elapsed.seconds,
                compute: options.compute.rawValue, peak_rss_bytes: ProcessMemory().peakResidentBytes,
                isCoordinator: communicator.isCoordinator)
        }
        guard report.isCoordinator else { return }
        if json { return try Console.print(json: report) }
        Console.print(
            "loss \(report.loss), perplexity \(report.perplexity), \(Wording.count(report.tokens)) tokens in "
                + "\(Wording.plural(report.rows, "row")), \(Wording.duration(report.seconds))")
    }
}

private struct PerplexityReport: Encodable {
    let loss: Double
    let perplexity: Double
    let tokens: Int
    let rows: Int
    let seconds: Double
    let compute: String
    let peak_rss_bytes: Int
    let isCoordinator: Bool

    enum CodingKeys: String, CodingKey { case loss, perplexity, tokens, rows, seconds, compute, peak_rss_bytes }
}
