import Collectives
import Testing

@Suite("Stragglers")
struct StragglerTests {
    /// Reports of ranks that need `paces` nanoseconds a token, after `steps` steps of 100 tokens each.
    private func report(_ detector: inout StragglerDetector, paces: [Int64], steps: Int64, tokens: [Int64]? = nil) {
        let slowest = paces.max() ?? 0
        for (rank, pace) in paces.enumerated() {
            let tokens = tokens?[rank] ?? 100
            detector.report(
                StepTotals(
                    steps: steps, tokens: tokens * steps, busy: pace * tokens * steps, whole: slowest * 100 * steps),
                of: rank)
        }
    }

    @Test("a rank slower than the median of the others by more than a fifth is found, with its share of the step")
    func found() throws {
        var detector = StragglerDetector()
        report(&detector, paces: [10, 10, 20, 10], steps: 0)
        report(&detector, paces: [10, 10, 20, 10], steps: 5)
        let found = detector.judge(at: 100)
        let straggler = try #require(found)
        #expect(straggler.rank == 2 && straggler.ratio == 2 && straggler.share == 0.5)
    }

    @Test("ranks that differ by a fifth at most are no stragglers", arguments: [[10, 10], [10, 12], [12, 10, 11]])
    func even(paces: [Int64]) {
        var detector = StragglerDetector()
        report(&detector, paces: paces, steps: 0)
        report(&detector, paces: paces, steps: 50)
        let result1 = detector.judge(at: 0)
        #expect(result1 == nil)
    }

    @Test("it takes five steps of every rank to tell")
    func enoughSteps() {
        var detector = StragglerDetector()
        report(&detector, paces: [10, 30], steps: 0)
        report(&detector, paces: [10, 30], steps: 4)
        let result2 = detector.judge(at: 0)
        #expect(result2 == nil)
        report(&detector, paces: [10], steps: 5)
        let result3 = detector.judge(at: 0)
        #expect(result3 == nil)
        report(&detector, paces: [10, 30], steps: 5)
        let result4 = detector.judge(at: 0)
        #expect(result4?.rank == 1)
    }

    @Test("a rank with more micro-batches than others, at the same pace, is no straggler")
    func moreWork() {
        var detector = StragglerDetector()
        report(&detector, paces: [10, 10], steps: 0, tokens: [200, 100])
        report(&detector, paces: [10, 10], steps: 9, tokens: [200, 100])
        let result5 = detector.judge(at: 0)
        #expect(result5 == nil)
    }

    @Test("a straggler is told once a minute, and no longer once it has caught up")
    func once() {
        var detector = StragglerDetector()
        var told: [Double] = []
        var now = 0.0
        for steps in stride(from: Int64(0), through: 100, by: 5) {
            report(&detector, paces: [10, 20], steps: steps)
            if detector.judge(at: now) != nil { told.append(now) }
            now += 10
        }
        #expect(told == [10, 70, 130, 190])
    }
}
