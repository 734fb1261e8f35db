import Architectures
import Buffers
import Execution
import JobFiles
import Kernels
import Planning
import Testing
import Training

@Suite("Ways to spread a model")
struct ClusterStudyTests {
    private static let architecture = Architecture(
        family: "llama", vocabularySize: 4096, hiddenSize: 512, intermediateSize: 1408, layerCount: 8, headCount: 8,
        keyValueHeadCount: 4, headSize: 64, normEpsilon: 1e-5, rotary: RotaryEmbedding(theta: 10_000),
        maximumPositions: 512, tiesEmbeddings: false)

    private static func job(_ adapter: AdapterKind = .qlora) -> Job {
        var job = Job()
        job.adapter = adapter
        job.sequenceLength = 256
        job.compute = .fp32
        return job
    }

    private static func ways(
        nodes: Int, gigabits: Double, available: Int = 1 << 34, adapter: AdapterKind = .qlora
    ) throws -> [ClusterStudy.Way] {
        let context = try KernelContext(threads: 1)
        let study = ClusterStudy(
            ranksPerNode: 1, threads: 1, available: available, nodeOperationsPerSecond: 1e12, copyBytesPerSecond: 4e9,
            microBatches: 16, gradientCheckpointing: false)
        return study.ways(
            try StepSubject(job(adapter), shape: architecture, context: context), nodes: nodes,
            linkBitsPerSecond: gigabits * 1e9, context: context)
    }

    @Test("On a slow link every node holds the base whole; the same on a fast one, if sharding gains nothing")
    func whole() throws {
        for gigabits in [0.1, 1000] {
            let ways = try Self.ways(nodes: 8, gigabits: gigabits)
            #expect(ways.count == 4 * 4)
            #expect(ways[0].nodes_per_copy == 1)
        }
        let slow = try Self.ways(nodes: 8, gigabits: 0.1)
        let spread = try #require(slow.first { $0.nodes_per_copy == 8 })
        #expect(spread.step_seconds > 1.5 * slow[0].step_seconds)
        #expect(spread.bound == "base")
        #expect(ClusterStudy.reason(slow, nodes: 8).contains("with 8 nodes a copy"))
    }

    @Test("A base that no node can hold is spread, and that is said")
    func spread() throws {
        let context = try KernelContext(threads: 1)
        let subject = try StepSubject(Self.job(), shape: Self.architecture, context: context)
        let all = try Self.ways(nodes: 8, gigabits: 10)
        let least = try #require(all.filter { $0.nodes_per_copy == 8 }.map(\.bytes_per_node).min())
        let ways = try Self.ways(nodes: 8, gigabits: 10, available: max(least, subject.baseByteCount / 2 * 3))
        #expect(!ways.isEmpty && ways.allSatisfy { $0.nodes_per_copy > 1 })
        #expect(ClusterStudy.reason(ways, nodes: 8).contains("no node holds the base whole"))
        #expect(try Self.ways(nodes: 8, gigabits: 10, available: 1 << 20).isEmpty)
        #expect(ClusterStudy.reason([], nodes: 8) == "nothing fits")
    }

    @Test("Each stage holds less than the one before, and sends more over the link where more is gathered")
    func stages() throws {
        let ways = try Self.ways(nodes: 4, gigabits: 10, adapter: AdapterKind.none)
        let stages = ways.sorted { $0.zero_stage < $1.zero_stage }
        #expect(stages.map(\.zero_stage) == [0, 1, 2, 3])
        for (less, more) in zip(stages.dropFirst(), stages) { #expect(less.bytes_per_node < more.bytes_per_node) }
        #expect(stages[3].link_bytes_per_step > stages[1].link_bytes_per_step)
    }
}
