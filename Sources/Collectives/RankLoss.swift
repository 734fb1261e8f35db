/// Ranks that are lost, and how; its description is one line.
package struct RankLoss: Equatable, Sendable, CustomStringConvertible {
    package enum Cause: Equatable, Sendable {
        /// The process ended without a goodbye.
        case ended
        /// Its host answers, the process does not.
        case stopped(seconds: Int)
        /// Nothing answers.
        case unreachable(seconds: Int)
    }

    /// At least one, in the order of their ranks.
    package let ranks: [RankIdentity]
    package let cause: Cause

    package init(ranks: [RankIdentity], cause: Cause) {
        precondition(!ranks.isEmpty)
        self.ranks = ranks
        self.cause = cause
    }

    package var description: String {
        let shown = ranks.prefix(8).map { "rank \($0.rank) (process \($0.process) on \($0.host))" }
        let rest = ranks.count > 8 ? " and \(ranks.count - 8) more" : ""
        let verb = ranks.count > 1 ? "were" : "was"
        return "\(shown.joined(separator: ", "))\(rest) \(verb) lost: \(reason); "
            + "run again to resume from the last checkpoint"
    }

    private var reason: String {
        switch cause {
        case .ended: "the process ended without a word"
        case .stopped(let seconds): "no heartbeat for \(seconds) s though the host answers: stopped, or it hangs"
        case .unreachable(let seconds): "nothing heard for \(seconds) s: the host or the link is down"
        }
    }
}
