/// The coordinator watches all ranks.
final class CoordinatorDuty: WatchDuty {
    private let hub: HeartbeatHub
    private let timing: HeartbeatTiming
    private var lost: (rank: Int, endAt: Double)?

    init(hub: HeartbeatHub, timing: HeartbeatTiming) {
        self.hub = hub
        self.timing = timing
    }

    var descriptors: [Int32] { hub.descriptors }

    func turn(at now: Double, totals: StepTotals) -> WatchVerdict {
        hub.report(totals)
        var verdict = WatchVerdict()
        if let loss = hub.turn(at: now) {
            verdict.loss = loss
            // Where a link is down, mpirun notices a little later, and can then end what it still reaches.
            let delay =
                if case .unreachable(let seconds) = loss.cause { timing.patience - Double(seconds) } else { 0.0 }
            lost = (loss.ranks[0].rank, now + delay)
        }
        if let lost, now >= lost.endAt {
            hub.tellAll(.lost(rank: lost.rank))
            verdict.exitCode = RankWatch.exitCode
        }
        return verdict
    }

    func straggler(at now: Double) -> Straggler? { hub.straggler(at: now) }

    func sayGoodbye(exitCode: Int32) { hub.tellAll(.goodbye(exitCode: exitCode)) }
}
