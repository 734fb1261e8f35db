/// A job in which nothing is left to the program: what the coordinator decided, for all ranks.
package struct ResolvedJob: Codable, Equatable, Sendable {
    /// The job with every `auto` replaced.
    package private(set) var job: Job
    package let compute: Compute
    package let gradientCheckpointing: Bool
    /// Threads of one rank.
    package let threads: Int
    package let nodesPerCopy: Int
    package let ranksPerNode: Int

    package init(
        _ job: Job, compute: Compute, gradientCheckpointing: Bool, threads: Int, nodesPerCopy: Int, ranksPerNode: Int
    ) {
        precondition(threads > 0 && nodesPerCopy > 0 && ranksPerNode > 0)
        self.compute = compute
        self.gradientCheckpointing = gradientCheckpointing
        self.threads = threads
        self.nodesPerCopy = nodesPerCopy
        self.ranksPerNode = ranksPerNode
        self.job = job
        self.job.compute = compute
        self.job.gradientCheckpointing = gradientCheckpointing
        self.job.threads = threads
        self.job.distributed.nodesPerCopy = .count(nodesPerCopy)
        self.job.distributed.ranksPerNode = ranksPerNode
    }

    /// As `job` alone: a job file in JSON.
    package func encode(to encoder: any Encoder) throws { try job.encode(to: encoder) }

    package init(from decoder: any Decoder) throws {
        let job = try Job(from: decoder)
        guard let compute = job.compute, let checkpointing = job.gradientCheckpointing, let threads = job.threads,
            case .count(let nodesPerCopy) = job.distributed.nodesPerCopy,
            let ranksPerNode = job.distributed.ranksPerNode
        else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "the job is not resolved"))
        }
        self.init(
            job, compute: compute, gradientCheckpointing: checkpointing, threads: threads, nodesPerCopy: nodesPerCopy,
            ranksPerNode: ranksPerNode)
    }

    package func bindingDifferences(from other: ResolvedJob) -> [JobDifference] {
        job.bindingDifferences(from: other.job)
    }
}
