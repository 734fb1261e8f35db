/// A rank watches the coordinator.
final class MemberDuty: WatchDuty {
    private let link: HeartbeatLink
    private let identities: [RankIdentity]
    private let rank: Int
    private let timing: HeartbeatTiming
    private var toName: (loss: RankLoss, at: Double)?
    private var end: (exitCode: Int32, at: Double)?
    private var isCutOff = false

    init(link: HeartbeatLink, identities: [RankIdentity], rank: Int, timing: HeartbeatTiming) {
        self.link = link
        self.identities = identities
        self.rank = rank
        self.timing = timing
    }

    /// A lost link would end every wait at once.
    var descriptors: [Int32] { toName == nil && end == nil ? [link.descriptor] : [] }

    func turn(at now: Double, totals: StepTotals) -> WatchVerdict {
        switch link.turn(at: now, totals: totals) {
        case .coordinatorLost(let loss): decide(on: loss, at: now)
        case .endingAfterLoss: end = (RankWatch.exitCode, now + timing.farewell)
        case .ending(let exitCode): end = (exitCode, now + timing.farewell)
        case nil: break
        }
        var verdict = WatchVerdict()
        if let toName, now >= toName.at {
            verdict.loss = toName.loss
            self.toName = nil
        }
        if let end, now >= end.at {
            verdict.exitCode = end.exitCode
            verdict.isCutOff = isCutOff
        }
        return verdict
    }

    /// One rank names the coordinator; the others hold back until it must have done so, or is lost itself.
    private func decide(on loss: RankLoss, at now: Double) {
        if case .unreachable(let seconds) = loss.cause {
            // Everything on the coordinator's host is cut off with it.
            let speaker = identities.first { $0.host != identities[0].host }?.rank ?? 1
            isCutOff = true
            if rank == speaker { toName = (loss, now) }
            end = (RankWatch.exitCode, now + timing.patience - Double(seconds) + timing.turn)
        } else {
            let at = now + Double(min(rank - 1, 2)) * timing.turn
            toName = (loss, at)
            end = (RankWatch.exitCode, at)
        }
    }

    func straggler(at now: Double) -> Straggler? { nil }

    func sayGoodbye(exitCode: Int32) { link.tell(.goodbye(exitCode: exitCode)) }
}
