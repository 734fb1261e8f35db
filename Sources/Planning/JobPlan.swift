import Architectures
import Buffers
import Corpus
import Execution
import JobFiles
import Kernels
import Sharding
package import Training
package import Transformer

/// What a run of a job will hold, send and take, before any rank is started.
package struct JobPlan: Sendable {
    package let shape: RunShape
    package let sizes: OpenedJob.Sizes
    /// Of one rank.
    package let threads: Int
    /// Bytes that a node has.
    package let available: Int
    /// What a rank holds beside its step: program, tokenizer, data.
    package let programByteCount: Int
    package let steps: Int
    package let microBatchesPerStep: Int
    /// Of a full step, over all ranks, on average.
    package let tokensPerStep: Double
    /// Of a step without an outer one.
    package let traffic: StepTraffic
    /// Of a step that ends with an outer one; nil where ranks share the gradients of every step.
    package let outerTraffic: StepTraffic?
    /// Steps from one outer step to the next.
    package let synchronizationInterval: Int
    /// The elements of a checkpoint, without the text that describes them.
    package let checkpointByteCount: Int
    package let speed: Speed
    package let step: StepSimulation.Outcome
    package let outerStep: StepSimulation.Outcome?
    package let evaluationSeconds: Double
    /// How often the run saves, its end included.
    package let saveCount: Int

    /// What the times follow from.
    package struct Speed: Sendable {
        package let cost: StepCost
        package let machine: Machine
        /// Of a checkpoint, by all ranks together.
        package let fileBytesPerSecond: Double
        /// Where the numbers come from, in words.
        package let assumptions: [String]

        package init(cost: StepCost, machine: Machine, fileBytesPerSecond: Double, assumptions: [String]) {
            self.cost = cost
            self.machine = machine
            self.fileBytesPerSecond = fileBytesPerSecond
            self.assumptions = assumptions
        }
    }

    /// A micro-batch as it is timed.
    package struct Sample: Sendable {
        package let subject: StepSubject
        package let recomputation: Recomputation
        /// Of its sequences.
        package let lengths: [Int]
        package let threads: Int
        package let shape: RunShape

        package init(
            subject: StepSubject, recomputation: Recomputation, lengths: [Int], threads: Int, shape: RunShape
        ) {
            self.subject = subject
            self.recomputation = recomputation
            self.lengths = lengths
            self.threads = threads
            self.shape = shape
        }
    }

    /// - Parameters:
    ///   - available: bytes that a node has.
    ///   - speed: asked for once it is known that the memory suffices.
    /// - Throws: `InputError` of kind `.capacity` where memory or walltime do not suffice.
    package init(
        _ opened: OpenedJob, shape: RunShape, available: Int, speed: (Sample) throws -> Speed
    ) throws {
        let job = opened.job
        let memory = ProcessMemory()
        self.shape = shape
        self.available = available
        threads = job.threads ?? HostThreads.share(ranksOnHost: shape.ranksPerNode)
        programByteCount = memory.anonymousPeakBytes + (shape.ranks > 1 ? Self.bytesOfMPI : 0)
        sizes = try opened.sizes(
            nodes: shape.nodes, ranksPerNode: shape.ranksPerNode, available: available,
            context: KernelContext(threads: threads))
        steps = opened.sampler.totalSteps
        try Self.checkMemory(
            Self.bytesPerNode(shape, sizes.memory, program: programByteCount), available: available)
        let batches = TypicalStep(opened, ranks: shape.ranks)
        microBatchesPerStep = batches.microBatchCount
        tokensPerStep = batches.tokens
        let sizes = sizes
        func schedule(_ meeting: StepSchedule.Meeting) -> StepSchedule {
            StepSchedule(
                architecture: opened.architecture, space: opened.space,
                trainsEverything: sizes.subject.adapter == nil, stage: sizes.subject.stage,
                gathered: sizes.gathered, shape: shape, rounds: batches.roundTokens.count, meeting: meeting)
        }
        let usual = schedule(sizes.subject.isLocal ? .nothing : .gradients)
        let outer = sizes.subject.isLocal ? schedule(.parameters) : nil
        traffic = StepTraffic(usual, shape: shape, nodesPerCopy: sizes.nodesPerCopy)
        outerTraffic = outer.map { StepTraffic($0, shape: shape, nodesPerCopy: sizes.nodesPerCopy) }
        synchronizationInterval = job.synchronizationInterval
        // Parameters and moments, and where ranks train on their own those of each rank.
        let states = 1 + (sizes.subject.isLocal ? shape.ranks : 0)
        checkpointByteCount = states * 3 * MemoryLayout<Float>.stride * opened.space.elementCount
        let found = try speed(
            Sample(
                subject: sizes.subject, recomputation: sizes.memory.recomputation, lengths: batches.lengths,
                threads: threads, shape: shape))
        self.speed = found
        let (elements, subject) = (opened.space.elementCount, sizes.subject)
        let shard = (0..<shape.ranks).map { opened.space.shard($0, of: shape.ranks).elementCount }.max() ?? 0
        let summed = subject.stage >= .gradients && !subject.isLocal ? shard : elements
        let updated = subject.stage >= .optimizer && !subject.isLocal ? shard : elements
        func play(_ schedule: StepSchedule) -> StepSimulation.Outcome {
            StepSimulation(
                schedule, shape: shape, nodesPerCopy: sizes.nodesPerCopy, machine: found.machine
            ) { work, round in
                found.cost.seconds(
                    work, tokens: round.map { batches.roundTokens[$0] } ?? 0, summed: summed, updated: updated)
            }.run()
        }
        step = play(usual)
        outerStep = outer.map(play)
        let layers = Double(opened.architecture.layerCount)
        // A forward, and half of what the head's two passes take.
        let token = found.cost.embedding + layers * found.cost.forward + found.cost.head / 2
        let slowdown = step.computeSeconds > 0 ? step.seconds / step.computeSeconds : 1
        evaluationSeconds = Self.evaluationTokens(opened, ranks: shape.ranks) * token * slowdown
        saveCount = Self.saveCount(
            job, steps: steps, stepSeconds: Self.mean(step, outerStep, over: synchronizationInterval))
        try checkWalltime(job.schedulerRequest)
    }

    package var tokensPerSecond: Double { tokensPerStep / meanStepSeconds }
    package var runSeconds: Double {
        Double(steps) * meanStepSeconds + evaluationSeconds + Double(saveCount) * saveSeconds
    }
    package var saveSeconds: Double { Double(checkpointByteCount) / speed.fileBytesPerSecond }

    /// Over the steps from one outer step to the next.
    package var meanStepSeconds: Double { Self.mean(step, outerStep, over: synchronizationInterval) }

    private static func mean(
        _ step: StepSimulation.Outcome, _ outer: StepSimulation.Outcome?, over interval: Int
    ) -> Double {
        let extra = outer.map { $0.seconds - step.seconds } ?? 0
        return step.seconds + extra / Double(interval)
    }

    /// A run saves every so many steps, when so many minutes have passed since the last save, and at its end.
    private static func saveCount(_ job: Job, steps: Int, stepSeconds: Double) -> Int {
        let minutes = job.saveMinutes > 0 && stepSeconds > 0 ? job.saveMinutes * 60 / stepSeconds : .infinity
        let patience = max(1, Int(exactly: minutes.rounded(.up)) ?? Int.max)
        // Of some steps of which the last is followed by a save.
        func saves(_ steps: Int) -> Int { steps > 0 ? 1 + (steps - 1) / patience : 0 }
        let interval = job.saveSteps > 0 ? job.saveSteps : max(1, steps)
        return steps / interval * saves(interval) + saves(steps % interval)
    }

    /// What the ranks of a node hold together.
    package var bytesPerNode: Int { Self.bytesPerNode(shape, sizes.memory, program: programByteCount) }

    private static func bytesPerNode(_ shape: RunShape, _ memory: MemoryPlan, program: Int) -> Int {
        shape.ranksPerNode * (memory.bytesPerRank + program) + memory.memory.base
    }

    /// Tokens that the busiest rank evaluates in the whole run.
    private static func evaluationTokens(_ opened: OpenedJob, ranks: Int) -> Double {
        let (job, held) = (opened.job, opened.data.split.heldOut)
        guard job.evaluationSteps > 0, !held.isEmpty else { return 0 }
        let batches = MicroBatch.inOrder(held, of: opened.data.examples, microBatchSize: job.microBatchSize)
        let once = stride(from: 0, to: batches.count, by: ranks).reduce(0) { total, first in
            total + (batches[first..<min(first + ranks, batches.count)].map(\.tokenCount).max() ?? 0)
        }
        let steps = opened.sampler.totalSteps
        return Double(once) * Double(1 + steps.dividedRoundingUp(by: job.evaluationSteps))
    }

    /// What a rank holds for Open MPI 4.1 on one host, measured as proportional set size: 7 MiB of its own, and its
    /// part of libraries and segments.
    private static let bytesOfMPI = 10 << 20

    /// A run counts what its steps take; the program and the data come on top of it.
    private static func checkMemory(_ needed: Int, available: Int) throws {
        guard needed > available else { return }
        throw InputError(
            .capacity,
            "the run needs \(needed >> 20) MiB a node, and \(available >> 20) MiB are available",
            remedy: "lower micro_batch_size or sequence_len, start fewer ranks a node, or ask for more memory")
    }

    private func checkWalltime(_ request: SchedulerRequest) throws {
        guard let walltime = request.walltimeSeconds else { return }
        // A run that is put back in the queue goes on from its last step.
        let needed = request.requeue ? step.seconds : runSeconds
        guard needed > Double(walltime) else { return }
        throw InputError(
            .capacity,
            "\(request.requeue ? "a step" : "the run") needs about \(Int(needed.rounded(.up))) s, and "
                + "scheduler.walltime gives \(walltime) s",
            remedy: request.requeue
                ? "ask for more time or nodes" : "ask for more time or nodes, or set scheduler.requeue: true")
    }
}

/// What the first steps of a job are like.
private struct TypicalStep: Sendable {
    let microBatchCount: Int
    let tokens: Double
    /// Tokens of the largest micro-batch that any rank has in a round, on average over some steps.
    let roundTokens: [Double]
    /// Lengths of the sequences of a micro-batch that is about as large as any.
    let lengths: [Int]

    init(_ opened: OpenedJob, ranks: Int) {
        let first = opened.sampler.batch(at: 0)
        let all = (0..<min(Self.samples, opened.sampler.totalSteps)).map(opened.sampler.batch(at:))
        let full = all.filter { $0.microBatches.count == first.microBatches.count }
        microBatchCount = first.microBatches.count
        tokens = full.reduce(0.0) { $0 + Double($1.tokenCount) } / Double(full.count)
        roundTokens = stride(from: 0, to: microBatchCount, by: ranks).map { start in
            let most = full.map { batch in
                batch.microBatches[start..<min(start + ranks, batch.microBatches.count)].map(\.tokenCount).max() ?? 0
            }
            return Double(most.reduce(0, +)) / Double(full.count)
        }
        let mean = Int(tokens) / microBatchCount
        let typical = first.microBatches.min { abs($0.tokenCount - mean) < abs($1.tokenCount - mean) }
        lengths = (typical?.examples ?? []).map(opened.data.examples.length(of:))
    }

    private static let samples = 8
}
