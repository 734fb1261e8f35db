package import Architectures
import Buffers
import Checkpoints
package import Corpus
import Execution
package import JobFiles
package import Kernels
import ModelFiles
import Quantization
package import Sharding

/// A job whose model and data are opened as a run opens them; nothing is written, and no other rank is asked.
package struct OpenedJob {
    package let architecture: Architecture
    package let data: TrainingData
    package let sampler: Sampler
    private let layouts: [UnitLayout]
    private let plan: TrainablePlan

    /// - Throws: `InputError` for the first thing that is wrong.
    package init(_ job: Job) throws {
        let weights = job.adapter == .none ? try StartingWeights(job) : nil
        if let weights {
            architecture = weights.architecture
            layouts = []
        } else {
            (architecture, layouts) = try Self.base(of: job)
        }
        data = try TrainingData(
            job, tokenizer: TrainingBase.tokenizer(job), vocabularySize: architecture.vocabularySize)
        plan = try TrainablePlan(job, architecture: architecture, weights: weights)
        sampler = Sampler(job, data: data)
    }

    private static func base(of job: Job) throws -> (Architecture, [UnitLayout]) {
        if TrainingBase.isStore(job.baseModel) {
            let store = try BaseStore(path: job.baseModel)
            try TrainingBase.check(store, against: job)
            return (store.architecture, store.description.layouts)
        }
        let directory = try ModelDirectory(path: job.baseModel)
        let formats = try BaseEncoding(directory, linearFormat: job.baseFormat).formats()
        let layouts = directory.architecture.units.map { unit in
            UnitLayout(unit: unit, tensors: formats.filter { $0.tensor.unit == unit })
        }
        return (directory.architecture, layouts)
    }

    /// The job as it is bound by what it names: an adapter to start from brings its rank and targets.
    package var job: Job { plan.job }
    /// What is trained.
    package var space: LogicalSpace { plan.space }

    /// What its steps work on.
    /// - Throws: `InputError` where the speed of this host cannot be probed, if `compute` is to follow from it.
    package func subject(context: KernelContext) throws -> StepSubject {
        StepSubject(
            job, architecture: architecture, plan: plan, base: layouts, data: data,
            compute: try job.compute.map { Kernels.Compute($0) }
                ?? .automatic(frozenWeights: job.adapter != .none, on: context))
    }

    /// What a run decides before its first step.
    package struct Sizes: Sendable {
        package let subject: StepSubject
        package let nodesPerCopy: Int
        /// How a node holds its part of a base that is spread over several; nil where each maps it whole.
        package let gathered: GatheredBase.Plan?
        package let memory: MemoryPlan
    }

    /// What `Trainer.prepare` decides, by the same functions.
    /// - Parameters:
    ///   - available: bytes that a node has.
    ///   - context: with the threads of a rank.
    /// - Throws: `InputError` of kind `.capacity` where a step does not fit, `.usage` where the nodes cannot be divided
    ///   as the job says.
    package func sizes(
        nodes: Int, ranksPerNode: Int, available: Int, context: KernelContext
    ) throws -> Sizes {
        let subject = try subject(context: context)
        let nodesPerCopy = try BaseCopy.nodesPerCopy(
            job, layouts: layouts, alsoHeld: subject.alsoHeld, nodeCount: nodes, available: available)
        let gathered = BaseCopy.plan(
            job, layouts: layouts, alsoHeld: subject.alsoHeld, nodesPerCopy: nodesPerCopy)
        let memory = try MemoryPlan(
            subject, gradientCheckpointing: job.gradientCheckpointing, heldOfBase: gathered?.byteCount,
            context: context,
            ranks: nodes * ranksPerNode, ranksOnNode: ranksPerNode, available: available)
        return Sizes(subject: subject, nodesPerCopy: nodesPerCopy, gathered: gathered, memory: memory)
    }
}
