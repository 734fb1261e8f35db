import Foundation

extension ClusterStudy {
    /// Why the first of some ways wins, in words: what other divisions would cost, and what does not fit.
    package static func reason(_ ways: [Way], nodes: Int) -> String {
        guard let best = ways.first else { return "nothing fits" }
        var parts: [String] = []
        func slower(_ way: Way) -> String {
            String(format: "%.2f times the time", way.step_seconds / best.step_seconds)
        }
        if best.nodes_per_copy > 1, !ways.contains(where: { $0.nodes_per_copy == 1 }) {
            parts.append("no node holds the base whole")
        }
        let copies = ways.filter { $0.nodes_per_copy != best.nodes_per_copy }
        let furthest =
            best.nodes_per_copy == nodes
            ? copies.min { $0.nodes_per_copy < $1.nodes_per_copy }
            : copies.max { $0.nodes_per_copy < $1.nodes_per_copy }
        if let furthest {
            // The best of its stages: ways come in order.
            let other = copies.first { $0.nodes_per_copy == furthest.nodes_per_copy } ?? furthest
            let nodes = other.nodes_per_copy == 1 ? "1 node" : "\(other.nodes_per_copy) nodes"
            parts.append("with \(nodes) a copy \(slower(other))")
        }
        let stages = ways.filter {
            $0.nodes_per_copy == best.nodes_per_copy && $0.zero_stage != best.zero_stage
        }
        if let slowest = stages.max(by: { $0.step_seconds < $1.step_seconds }) {
            parts.append(
                slowest.step_seconds > 1.01 * best.step_seconds
                    ? "stage \(slowest.zero_stage) \(slower(slowest))" : "other stages hold more")
        }
        return parts.isEmpty ? "nothing else fits" : parts.joined(separator: "; ")
    }
}
