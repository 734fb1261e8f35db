/// Finds the rank that holds the others up, from what all ranks report of their steps.
///
/// Ranks are compared by time per token, so that one whose turn it is to take the odd micro-batch is no straggler.
package struct StragglerDetector {
    /// How much slower than the median of the others a rank must be.
    package static let threshold = 1.2
    /// Over how many steps.
    package static let steps: Int64 = 5
    /// Seconds between two reports.
    package static let pause = 60.0

    private var begin: [Int: StepTotals] = [:]
    private var latest: [Int: StepTotals] = [:]
    private var lastReport = -Double.infinity

    package init() {}

    /// Takes a rank's totals; they never shrink.
    package mutating func report(_ totals: StepTotals, of rank: Int) {
        if begin[rank] == nil { begin[rank] = totals }
        latest[rank] = totals
    }

    /// The slowest rank, each time when all ranks have done enough steps to tell.
    package mutating func judge(at now: Double) -> (rank: Int, ratio: Double, share: Double)? {
        let done = latest.map { rank, totals in (rank: rank, totals: totals - (begin[rank] ?? StepTotals())) }
        guard done.count > 1, done.allSatisfy({ $0.totals.steps >= Self.steps }) else { return nil }
        begin = latest
        let working = done.filter { $0.totals.tokens > 0 && $0.totals.whole > 0 }
        let paces = working.map { Double($0.totals.busy) / Double($0.totals.tokens) }
        guard paces.count > 1, let slowest = paces.indices.max(by: { paces[$0] < paces[$1] }) else { return nil }
        let median = Self.median(paces.indices.filter { $0 != slowest }.map { paces[$0] })
        guard median > 0, paces[slowest] > Self.threshold * median, now - lastReport >= Self.pause else { return nil }
        lastReport = now
        let totals = working[slowest].totals
        let late = Double(totals.busy) - median * Double(totals.tokens)
        return (working[slowest].rank, paces[slowest] / median, min(max(late / Double(totals.whole), 0), 1))
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
