/// One side of the watch, as its thread drives it.
protocol WatchDuty: AnyObject {
    /// What to wait for between two turns.
    var descriptors: [Int32] { get }
    /// Takes what has arrived, sends what is due, and decides; `now` in seconds of the watch's clock.
    func turn(at now: Double, totals: StepTotals) -> WatchVerdict
    func straggler(at now: Double) -> Straggler?
    func sayGoodbye(exitCode: Int32)
}
