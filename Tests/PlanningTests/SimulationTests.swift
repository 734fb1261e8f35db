import Architectures
import Execution
import Planning
import Quantization
import Sharding
import Testing

@Suite("A step played through")
struct SimulationTests {
    private static let architecture = Architecture(
        family: "llama", vocabularySize: 1024, hiddenSize: 256, intermediateSize: 704, layerCount: 6, headCount: 4,
        keyValueHeadCount: 2, headSize: 64, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000),
        maximumPositions: 64, tiesEmbeddings: false)
    private static let space = LogicalSpace(
        architecture.adapterTensors(
            AdapterDescription(rank: 8, alpha: 16, targets: Set(LinearRole.allCases), baseModelPath: "test")))

    private static func gathered(nodes: Int) -> GatheredBase.Plan? {
        guard nodes > 1 else { return nil }
        return GatheredBase.Plan(
            layouts: SyntheticBase.layouts(architecture, linearFormat: .nf4()), nodesPerCopy: nodes, position: 0,
            depth: 1, alsoHeld: 0)
    }

    /// A tenth of a second for each part of a pass.
    private static func run(
        nodes: Int, ranksPerNode: Int = 1, nodesPerCopy: Int = 1, rounds: Int = 2, stage: ZeROStage = .parameters,
        link: Double = .infinity,
        copy: Double = .infinity, latency: Double = 0
    ) -> (outcome: StepSimulation.Outcome, traffic: StepTraffic) {
        let shape = RunShape(nodes: nodes, ranksPerNode: ranksPerNode)
        let schedule = StepSchedule(
            architecture: architecture, space: space, trainsEverything: false, stage: stage,
            gathered: gathered(nodes: nodesPerCopy), shape: shape, rounds: rounds)
        var machine = Machine(threads: 1, linkBytesPerSecond: link, copyBytesPerSecond: copy)
        machine.linkLatency = latency
        machine.copyLatency = latency
        machine.linkSecondsPerByte = 0
        let outcome = StepSimulation(
            schedule, shape: shape, nodesPerCopy: nodesPerCopy, machine: machine
        ) { work, round in
            round == nil || work == .sums(0) ? 0 : 0.1
        }.run()
        return (outcome, StepTraffic(schedule, shape: shape, nodesPerCopy: nodesPerCopy))
    }

    @Test("One rank waits for nothing, and sends nothing")
    func alone() {
        let (outcome, traffic) = Self.run(nodes: 1, link: 1, copy: 1, latency: 1)
        #expect(outcome.waitedSeconds == 0)
        #expect(outcome.seconds == outcome.computeSeconds)
        #expect(traffic.totalBytes() == 0 && traffic.linkBytesPerNode == 0)
        // Embedding, six blocks forward, head, six backward, and six additions to the sums; twice.
        #expect(abs(outcome.seconds - 2 * 20 * 0.1) < 1e-9)
    }

    @Test("A link without limit leaves the computing alone", arguments: [1, 4])
    func infinite(nodesPerCopy: Int) {
        let outcome = Self.run(nodes: 4, nodesPerCopy: nodesPerCopy).outcome
        #expect(outcome.seconds == outcome.computeSeconds)
    }

    @Test("A slow link bounds the step by its bytes, and sharding loses")
    func slow() {
        let link = 1e4
        let (whole, _) = Self.run(nodes: 4, link: link)
        let (spread, traffic) = Self.run(nodes: 4, nodesPerCopy: 4, link: link)
        let transfer = Double(traffic.linkBytesPerNode) / link
        #expect(spread.computeSeconds < 0.1 * transfer)
        // The last gather is for the next step, and the first was made by the one before.
        #expect(abs(spread.seconds - transfer) < 0.05 * transfer)
        #expect(spread.seconds > 1.5 * whole.seconds)
        #expect((spread.waited[.base] ?? 0) > 0.5 * (spread.seconds - spread.computeSeconds))
    }

    @Test("Units are gathered while others compute: what is faster than the computing costs next to nothing")
    func overlap() {
        let link = 1e7
        let (whole, _) = Self.run(nodes: 4, link: link)
        let (spread, traffic) = Self.run(nodes: 4, nodesPerCopy: 4, link: link)
        #expect(Double(traffic.totalBytes(for: .base)) / 4 / link > 0.1 * whole.seconds)
        #expect(spread.seconds < 1.02 * whole.seconds)
    }

    @Test("What the comm thread copies is taken from a rank's only core")
    func copies() {
        let fast = Self.run(nodes: 1, ranksPerNode: 2).outcome
        let (slow, traffic) = Self.run(nodes: 1, ranksPerNode: 2, copy: 1e6)
        let received = Double(traffic.totalBytes(for: .trainables)) / 2 / 1e6
        #expect(slow.computeSeconds == fast.computeSeconds)
        #expect(slow.seconds - fast.seconds > 0.99 * received)
    }

    @Test("Latency is waited for once an operation that cannot be begun early")
    func latency() {
        let outcome = Self.run(nodes: 2, latency: 0.01).outcome
        // Two rounds' requests, losses, norm, two of failures, one request; the sums arrive beside the losses.
        #expect(abs(outcome.seconds - outcome.computeSeconds - 7 * 0.01) < 1e-6)
    }
}
