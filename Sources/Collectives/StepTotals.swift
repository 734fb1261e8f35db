/// What a rank has done in all its steps so far; two of them, subtracted, tell what it did in between.
package struct StepTotals: Equatable, Sendable {
    package var steps: Int64 = 0
    /// Tokens that went through this rank's own micro-batches.
    package var tokens: Int64 = 0
    /// Nanoseconds of the steps without what was spent waiting for others.
    package var busy: Int64 = 0
    /// Nanoseconds of the steps.
    package var whole: Int64 = 0

    package init() {}

    package init(steps: Int64, tokens: Int64, busy: Int64, whole: Int64) {
        self.steps = steps
        self.tokens = tokens
        self.busy = busy
        self.whole = whole
    }

    static func - (a: StepTotals, b: StepTotals) -> StepTotals {
        StepTotals(
            steps: a.steps - b.steps, tokens: a.tokens - b.tokens, busy: a.busy - b.busy, whole: a.whole - b.whole)
    }
}
