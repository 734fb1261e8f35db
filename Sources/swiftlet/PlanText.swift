import Foundation
import Planning
import Reporting

/// A plan as people read it.
enum PlanText {
    static func lines(_ plan: JobPlan, job: String) -> [String] {
        let report = plan.report
        var lines = [
            "\(job): \(Wording.plural(report.nodes, "node")) of \(Wording.plural(report.ranks_per_node, "rank")), "
                + "\(Wording.plural(report.threads, "thread")) each, \(report.compute)"
        ]
        func add(_ name: String, _ text: String) {
            lines.append("  " + name + String(repeating: " ", count: max(1, 11 - name.count)) + text)
        }
        add(
            "step",
            "\(Wording.duration(report.step_seconds)), \(Wording.speed(report.tokens_per_second)) tokens/s; "
                + "computing \(Wording.percent(report.compute_seconds / report.step_seconds))" + waits(report))
        add(
            "run",
            "\(Wording.plural(report.steps, "step")), \(Wording.plural(report.saves, "save")), "
                + Wording.duration(report.run_seconds))
        add(
            "memory",
            "\(Wording.bytes(report.bytes_per_node)) a node of \(Wording.bytes(report.available_bytes)); "
                + "\(Wording.bytes(report.bytes_per_rank)) a rank, and of the base "
                + "\(Wording.bytes(report.memory["base"] ?? 0)) for all of a node")
        add(
            "",
            report.memory.sorted { $0.value > $1.value }.filter { $0.value > 0 && $0.key != "base" }.map {
                "\($0.key.replacing("_", with: " ")) \(Wording.bytes($0.value))"
            }.joined(separator: ", "))
        if report.base_bytes > 0 {
            add(
                "base",
                "\(Wording.bytes(report.base_bytes)), "
                    + (report.nodes_per_copy == 1
                        ? "whole at each node" : "spread over \(report.nodes_per_copy) nodes"))
        }
        add(
            "traffic",
            "\(Wording.bytes(report.bytes_per_step)) a step in "
                + Wording.plural(report.operations_per_step, "operation")
                + (report.nodes > 1 ? ", \(Wording.bytes(report.link_bytes_per_step)) over a node's link" : ""))
        for line in report.traffic where line.bytes > 0 {
            add(
                "",
                "\(line.purpose), \(line.operation) of \(line.group): \(Wording.bytes(line.bytes)) in "
                    + Wording.count(line.operations))
        }
        if let bytes = report.outer_step_bytes, let seconds = report.outer_step_seconds {
            add(
                "",
                "every \(report.sync_every) steps, with an outer one: \(Wording.bytes(bytes)), "
                    + Wording.duration(seconds))
        }
        add("checkpoint", "\(Wording.bytes(report.checkpoint_bytes)), \(Wording.duration(report.save_seconds))")
        add("assumed", report.assumed.joined(separator: "; "))
        return lines
    }

    private static func waits(_ report: JobPlan.Report) -> String {
        guard let most = report.waited_seconds.max(by: { $0.value < $1.value }),
            most.value > 0.01 * report.step_seconds
        else { return "" }
        return ", waiting for \(most.key) \(Wording.percent(most.value / report.step_seconds))"
    }

    /// A table: the best way for each model, number of nodes and link.
    static func lines(_ cases: [PlanSubjects.Case], study: ClusterStudy) -> [String] {
        let rows = cases.map { item -> [String] in
            let place = [item.shape, "\(item.nodes)", String(format: "%g", item.link_gigabits_per_second)]
            guard let best = item.best else { return place + [String](repeating: "–", count: 7) + [item.why] }
            return place + [
                "\(best.nodes_per_copy)", "\(best.zero_stage)", best.recomputation, Wording.duration(best.step_seconds),
                Wording.speed(best.tokens_per_second), Wording.bytes(best.bytes_per_node), item.bound ?? "", item.why,
            ]
        }
        let head = [
            "shape", "nodes", "Gbit/s", "nodes a copy", "ZeRO", "again", "step", "tokens/s", "memory a node",
            "bound by", "why",
        ]
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        let table = ([head] + rows).map { row in
            zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                // Numbers stand at the right; the last column needs no room behind it.
                return (1...8).contains(column) ? space + cell.0 : column == 10 ? cell.0 : cell.0 + space
            }.joined(separator: "  ")
        }
        return table + [
            "assumed: nodes of \(Wording.plural(study.ranksPerNode, "rank")) with "
                + "\(Wording.bytes(study.available)) and "
                + String(format: "%.0f GFLOP/s in products", study.nodeOperationsPerSecond / 1e9)
        ]
    }
}
