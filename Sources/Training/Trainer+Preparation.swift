import Checkpoints
import Architectures
import Buffers
package import Collectives
import Corpus
package import Events
import Execution
package import JobFiles
import Kernels
import ModelFiles
import Optimizers
import Sharding
import Transformer

extension Trainer {
    /// Makes everything that a job needs on this rank: base, data, adapters, memory; then restores the newest
    /// checkpoint.
    ///
    /// All ranks call it. What can be wrong with a job is found here, before the first step.
    package static func prepare(
        _ job: Job, communicator: any Communicator, events: EventStream
    ) throws -> Trainer {
        let threads = job.threads ?? HostThreads.share(ranksOnHost: communicator.ranksOnHost)
        let context = try KernelContext(threads: threads)
        func notice(_ text: String) throws { try events.send(.notice(text)) }
        try communicator.agree { for text in job.notices { try notice(text) } }
        try OutputDirectory.make(job.outputDirectory, communicator: communicator)
        let base = try TrainingBase.open(job, communicator: communicator, context: context, report: notice)
        let architecture = base.architecture
        let data = try TrainingData.read(
            job, tokenizer: base.tokenizer, vocabularySize: architecture.vocabularySize, communicator: communicator)
        try communicator.agree { for text in data.notices { try notice(text) } }
        let plan = try communicator.agree {
            try TrainablePlan(job, architecture: architecture, weights: base.weights)
        }
        let checkpoints = CheckpointKeeper(
            directory: job.outputDirectory + "/checkpoints", limit: job.saveTotalLimit,
            identity: CheckpointKeeper.Identity(base: base.identity, data: data.examples.fingerprint),
            communicator: communicator)
        let origin = try checkpoints.find(job.resume) { try events.send(.warning($0)) }
        let compute = try resolveCompute(job, origin: origin, context: context, communicator: communicator)
        let copy = try BaseCopy(job, base: base, communicator: communicator)
        let memory = try communicator.fromCoordinator {
            try MemoryPlan(
                StepSubject(
                    job, architecture: architecture, plan: plan, base: base.frozen?.layouts ?? [], data: data,
                    compute: compute),
                gradientCheckpointing: job.gradientCheckpointing, heldOfBase: copy.heldByteCount, context: context,
                ranks: communicator.size, ranksOnNode: communicator.node.size,
                available: copy.available)
        }
        try communicator.agree { for text in copy.notices { try notice(text) } }
        let resolved = ResolvedJob(
            plan.job, compute: JobFiles.Compute(compute), gradientCheckpointing: memory.checkpointing, threads: threads,
            nodesPerCopy: copy.nodesPerCopy, ranksPerNode: communicator.node.size)
        let layout = StepLayout(architecture, adapter: plan.settings, extent: memory.extent)
        let trainables = try TrainableUnits(
            space: plan.space, units: architecture.units, communicator: communicator,
            stage: job.isLocal ? .parameters : job.zeroStage)
        let worked =
            job.isLocal
            ? try TrainableUnits(space: plan.space, units: architecture.units, communicator: SoloCommunicator())
            : trainables
        try communicator.agree { try job.checkLocalSteps(ranks: communicator.size).map(notice) }
        let trainer = try Trainer(
            job: resolved, adapter: plan.adapter, base: base, communicator: communicator, context: context,
            runner: ModelRunner(
                layout: layout,
                frozen: try copy.source(communicator).map { FrozenUnits(source: $0, keepsPages: false) },
                trainables: worked, longestSequence: memory.longestSequence, context: context, compute: compute),
            trainables: trainables, worked: worked, memoryPlan: memory, sampler: Sampler(job, data: data), data: data,
            room: BatchRoom(tokenCapacity: memory.extent.tokens),
            checkpoints: checkpoints, events: events)
        try communicator.agree {
            try plan.initialize(trainables, seed: job.seed)
            if job.isLocal { try plan.initialize(worked, seed: job.seed) }
        }
        try trainer.begin(from: origin)
        return trainer
    }

    /// Announces the run and goes back to where an earlier one stood.
    private func begin(from origin: CheckpointKeeper.Origin?) throws {
        if let origin { stepsDone = try checkpoints.resume(trainables, local: local, from: origin, job: job) }
        try communicator.agree {
            try events.send(.started(summary()))
            if let origin { try events.send(.resumed(step: stepsDone, path: origin.path)) }
        }
    }

    /// The state of this rank that is not that of all.
    var local: TrainableUnits? { outer == nil ? nil : worked }

    private func summary() -> RunSummary {
        let settings = job.job
        let store = base.stored?.store
        let linear = base.architecture.tensors.first { $0.role.linear != nil }
        let format = store.flatMap { store in linear.map { "\(store.format(of: $0))" } }
        return RunSummary(
            model: settings.baseModel, parameterCount: base.architecture.parameterCount,
            baseFormat: format ?? base.weights?.description ?? "",
            baseByteCount: store.map { store in
                base.architecture.units.reduce(0) { $0 + store.bytes(of: $1).count }
            } ?? 0,
            adapter: TrainablePlan.description(settings), trainableCount: trainables.space.elementCount,
            exampleCount: data.split.training.count, heldOutCount: data.split.heldOut.count,
            tokenCount: data.tokenCount(of: data.split.training), sequenceLength: settings.sequenceLength,
            packing: settings.samplePacking, globalBatchSize: settings.globalBatchSize,
            microBatchSize: settings.microBatchSize, totalSteps: totalSteps,
            epochs: Double(totalSteps)
                / Double(max(1, sampler.sequencesPerEpoch.dividedRoundingUp(by: settings.globalBatchSize))),
            compute: job.compute.rawValue, gradientCheckpointing: job.gradientCheckpointing,
            rankCount: communicator.size, nodeCount: communicator.nodeCount, threadsPerRank: job.threads,
            bytesPerRank: memoryPlan.bytesPerRank,
            outputDirectory: settings.outputDirectory)
    }
}

extension Sampler {
    convenience init(_ job: Job, data: TrainingData) {
        self.init(
            data.examples, rows: data.split.training,
            settings: Settings(
                globalBatchSize: job.globalBatchSize, microBatchSize: job.microBatchSize,
                sequenceLength: job.sequenceLength, packing: job.samplePacking, shuffle: job.shuffle, seed: job.seed),
            length: job.maximumSteps.map(RunLength.steps) ?? .epochs(job.epochCount))
    }
}

extension LearningRateSchedule {
    init(_ job: Job, totalSteps: Int) {
        let shape: Shape =
            switch job.scheduler {
            case .constant: .constant
            case .linear: .linear
            case .cosine: .cosine
            }
        self.init(
            shape: shape, peak: job.learningRate,
            warmupSteps: job.warmupSteps ?? Self.warmupSteps(ratio: job.warmupRatio, totalSteps: totalSteps),
            totalSteps: totalSteps)
    }
}
