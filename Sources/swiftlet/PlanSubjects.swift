import Architectures
import Execution
import JobFiles
import Kernels
import Planning
import Training
import Transformer

/// The models that a comparison is about: a job's own, or some shapes with the job's settings.
struct PlanSubjects {
    /// What is said of one model on some nodes with some link.
    struct Case: Encodable {
        let shape: String
        let nodes: Int
        let link_gigabits_per_second: Double
        let best: ClusterStudy.Way?
        let bound: String?
        let why: String
        /// All ways that fit, the best first.
        let ways: [ClusterStudy.Way]
    }

    private let job: Job
    private let ranksPerNode: Int
    private let threads: Int
    private let context: KernelContext
    private let models: [(name: String, subject: StepSubject)]

    /// - Parameters:
    ///   - name: of the job.
    ///   - shapes: nil: the job's own model.
    init(_ job: Job, name: String?, shapes: [String]?, ranksPerNode: Int) throws {
        self.job = job
        self.ranksPerNode = ranksPerNode
        threads = job.threads ?? HostThreads.share(ranksOnHost: ranksPerNode)
        let context = try KernelContext(threads: threads)
        self.context = context
        guard let shapes else {
            models = [(name ?? "", try OpenedJob(job).subject(context: context))]
            return
        }
        models = try shapes.map {
            ($0, try StepSubject(job, shape: BenchShapes.architecture($0), context: context))
        }
    }

    /// With the speed of a node as it is stated, or measured on the smallest of the models.
    func study(available: Int, nodeSpeed: Double?) throws -> ClusterStudy {
        let smallest = models.map(\.subject).min { $0.architecture.parameterCount < $1.architecture.parameterCount }
        guard let smallest else { preconditionFailure("a comparison is about some model") }
        let measured = try StepCost.Measured(
            JobPlan.Sample(
                subject: smallest, recomputation: .nothing,
                lengths: [Int](repeating: smallest.longestSequence, count: job.microBatchSize), threads: threads,
                shape: RunShape(nodes: 1, ranksPerNode: ranksPerNode)),
            nodeOperationsPerSecond: nodeSpeed)
        return ClusterStudy(
            ranksPerNode: ranksPerNode, threads: threads, available: available,
            nodeOperationsPerSecond: measured.nodeOperationsPerSecond, copyBytesPerSecond: measured.machineCopy,
            microBatches: job.baseModel.isEmpty
                ? nil : (job.globalBatchSize + job.microBatchSize - 1) / job.microBatchSize,
            gradientCheckpointing: job.gradientCheckpointing)
    }

    func cases(_ study: ClusterStudy, nodes: [Int], links: [Double]) -> [Case] {
        models.flatMap { model in
            nodes.flatMap { nodes in
                links.map { link in
                    let ways = study.ways(model.subject, nodes: nodes, linkBitsPerSecond: link, context: context)
                    return Case(
                        shape: model.name, nodes: nodes, link_gigabits_per_second: link / 1e9, best: ways.first,
                        bound: ways.first?.bound, why: ClusterStudy.reason(ways, nodes: nodes), ways: ways)
                }
            }
        }
    }
}
