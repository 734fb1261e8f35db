import Events
import Foundation

/// The lines of a run that are kept.
enum Headline {
    static func opening(_ run: RunSummary) -> [String] {
        let share = run.parameterCount > 0 ? 100 * Double(run.trainableCount) / Double(run.parameterCount) : 0
        let heldOut = run.heldOutCount > 0 ? "; \(Wording.plural(run.heldOutCount, "row")) held out" : ""
        let memory = run.bytesPerRank.map { "; about \(Wording.bytes($0)) a rank beside the base" } ?? ""
        let epochs = String(format: run.epochs == run.epochs.rounded() ? "%.0f" : "%.2f", run.epochs)
        return [
            "\(run.model): \(Wording.size(run.parameterCount)) parameters",
            run.adapter == nil
                ? "  start    \(run.baseFormat)" : "  base     \(run.baseFormat), \(Wording.bytes(run.baseByteCount))",
            run.adapter.map {
                "  adapter  \($0), \(Wording.size(run.trainableCount)) parameters" + String(format: " (%.2f %%)", share)
            } ?? "  trained  all parameters, kept in fp32",
            "  data     \(Wording.plural(run.exampleCount, "row")), \(Wording.size(run.tokenCount)) tokens\(heldOut)",
            "  batch    \(Wording.plural(run.globalBatchSize, "sequence")) of up to"
                + " \(Wording.count(run.sequenceLength)) tokens\(run.packing ? ", packed" : ""),"
                + " micro-batches of \(Wording.count(run.microBatchSize))",
            "  run      \(Wording.plural(run.totalSteps, "step")) (\(epochs) epoch\(run.epochs == 1 ? "" : "s")),"
                + " \(run.compute), checkpointing \(run.gradientCheckpointing ? "on" : "off")",
            "  machine  \(Wording.plural(run.rankCount, "rank")) on \(Wording.plural(run.nodeCount, "node")),"
                + " \(Wording.plural(run.threadsPerRank, "thread")) each\(memory)",
            "  output   \(run.outputDirectory)",
        ]
    }

    static func evaluation(_ record: EvaluationRecord) -> String {
        "step \(Wording.count(record.step)): held-out loss \(Wording.figure(record.loss)), perplexity "
            + "\(Wording.figure(record.perplexity)) over \(Wording.plural(record.targetTokens, "token"))"
            + " (\(Wording.duration(record.seconds)))"
    }

    static func save(_ record: SaveRecord) -> String {
        "step \(Wording.count(record.step)): saved \(record.path) (\(Wording.bytes(record.byteCount)), "
            + "\(Wording.duration(record.seconds)))"
    }

    static func straggler(_ record: StragglerRecord) -> String {
        "rank \(record.rank) on \(record.host) takes \(String(format: "%.1f", record.ratio)) times as long per token "
            + "as the median of the others: \(String(format: "%.0f", record.share * 100)) % of a step is waiting for it"
    }

    static func closing(_ end: FinishSummary, of run: RunSummary?) -> [String] {
        var first: String
        switch end.outcome {
        case .completed:
            first = "done: \(Wording.plural(end.step, "step")) in \(Wording.duration(end.seconds))"
        case .checkpointed(let reason):
            first = "stopped at step \(Wording.count(end.step)) of \(Wording.count(end.totalSteps)) (\(reason))"
        }
        if let loss = end.loss { first += ", loss \(Wording.figure(loss))" }
        if let loss = end.evaluationLoss { first += ", held-out loss \(Wording.figure(loss))" }
        if end.tokens > 0, end.seconds > 0 { first += ", \(Wording.speed(Double(end.tokens) / end.seconds)) tok/s" }
        let places = [
            end.result.map(place),
            end.checkpointPath.map { "  checkpoint  \($0)" },
            end.traffic.map { "  sent        \(Wording.bytes($0.bytes)) between ranks" },
            "  metrics     \(end.outputDirectory)/metrics.jsonl",
        ]
        return [first] + places.compactMap { $0 } + next(end, of: run)
    }

    private static func next(_ end: FinishSummary, of run: RunSummary?) -> [String] {
        guard end.outcome == .completed else { return ["  next        run the same command again to go on from here"] }
        guard let result = end.result, let run else { return [] }
        switch result {
        case .adapter(let path):
            return [
                "  next        swiftlet eval \(run.model) --adapter \(path) --data FILE.jsonl; "
                    + "or load the adapter with PEFT"
            ]
        case .model(let path):
            return ["  next        swiftlet eval \(path) --data FILE.jsonl; or load the model with transformers"]
        }
    }

    private static func place(_ result: TrainedResult) -> String {
        switch result {
        case .adapter(let path): "  adapter     \(path)"
        case .model(let path): "  model       \(path)"
        }
    }
}
