import Collectives
import Testing

@Suite("Whom a watch takes for lost")
struct PeerLedgerTests {
    private static let timing = HeartbeatTiming()
    private let identities = (0..<5).map { RankIdentity(rank: $0, host: $0 < 3 ? "a" : "b", process: 100 + $0) }

    private func ledger() -> PeerLedger {
        var ledger = PeerLedger(timing: Self.timing)
        for identity in identities { ledger.add(identity, at: 0) }
        return ledger
    }

    private func beats(_ ledger: inout PeerLedger, of ranks: [Int], at now: Double) {
        for rank in ranks { ledger.heard(rank, at: now) }
    }

    @Test("a rank without a heartbeat for twenty seconds is stopped; it is told once")
    func stopped() {
        var ledger = ledger()
        for second in 1...19 {
            beats(&ledger, of: [0, 1, 3, 4], at: Double(second))
            #expect(ledger.judge(at: Double(second)) == nil)
        }
        beats(&ledger, of: [0, 1, 3, 4], at: 20)
        let result1 = ledger.judge(at: 20)
        #expect(result1 == RankLoss(ranks: [identities[2]], cause: .stopped(seconds: 20)))
        let result2 = ledger.judge(at: 21)
        #expect(result2 == nil)
    }

    @Test("ranks that fell silent together are named together")
    func stoppedTogether() {
        var ledger = ledger()
        beats(&ledger, of: [4], at: 1)
        beats(&ledger, of: [0, 1, 2], at: 19)
        let result3 = ledger.judge(at: 20)
        #expect(result3 == RankLoss(ranks: [identities[3], identities[4]], cause: .stopped(seconds: 20)))
    }

    @Test("a process that ends without a goodbye is lost at once")
    func ended() {
        var ledger = ledger()
        ledger.closed(1)
        ledger.closed(2)
        let result4 = ledger.judge(at: 0.1)
        #expect(result4 == RankLoss(ranks: [identities[1]], cause: .ended))
    }

    @Test("a host that cannot be reached is named with all its ranks")
    func unreachable() {
        var ledger = ledger()
        beats(&ledger, of: [0, 1, 2], at: 16)
        ledger.gaveUp(4)
        let result5 = ledger.judge(at: 16)
        #expect(result5 == RankLoss(ranks: [identities[3], identities[4]], cause: .unreachable(seconds: 16)))
    }

    @Test("who has said goodbye may end and be silent")
    func goodbye() {
        var ledger = ledger()
        for rank in 0..<5 { ledger.left(rank, exitCode: 0) }
        ledger.closed(3)
        let result6 = ledger.judge(at: 1_000)
        #expect(result6 == nil)
    }

    @Test("once a rank ends the run for a reason of its own, the end of others is no loss")
    func ending() {
        var ledger = ledger()
        ledger.left(2, exitCode: 65)
        ledger.closed(2)
        ledger.closed(0)
        let result7 = ledger.judge(at: 1)
        #expect(result7 == nil)
    }

    @Test("a watch that was stopped itself takes nobody for lost")
    func awake() {
        var clock = AwakeClock()
        var ledger = ledger()
        let result8 = clock.tick(at: 50)
        #expect(result8 == 0)
        let result9 = clock.tick(at: 51)
        #expect(result9 == 1)
        let now = clock.tick(at: 7_251)
        #expect(now == 1 + AwakeClock.longestTick)
        let result10 = ledger.judge(at: now)
        #expect(result10 == nil)
    }

    @Test("a loss is one line that names rank, process and host")
    func description() {
        let loss = RankLoss(ranks: [identities[3]], cause: .stopped(seconds: 20))
        #expect("\(loss)".hasPrefix("rank 3 (process 103 on b) was lost: no heartbeat for 20 s"))
        let many = (0..<20).map { RankIdentity(rank: $0, host: "c", process: $0) }
        let long = "\(RankLoss(ranks: many, cause: .unreachable(seconds: 16)))"
        #expect(long.contains("rank 7 (process 7 on c) and 12 more were lost") && !long.contains("\n"))
    }
}
