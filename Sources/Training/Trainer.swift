import Architectures
import Buffers
import Collectives
import Corpus
import Events
import Execution
package import JobFiles
import Kernels
import Optimizers
import Sharding
import Transformer

/// Fine-tunes a model as its job says: the step loop of one rank, in step with all others.
///
/// What a step computes depends on the job and the step's number alone, so that the same job gives the same bits on any
/// number of ranks and after any interruption.
package final class Trainer {
    package let job: ResolvedJob
    /// Nil where all parameters are trained.
    let adapter: AdapterDescription?
    let base: TrainingBase
    let communicator: any Communicator
    let runner: ModelRunner
    /// What is trained, as it is saved and exported.
    let trainables: TrainableUnits
    /// What the steps of this rank update: that, or its own of which an outer step makes it.
    let worked: TrainableUnits
    let outer: OuterStep?
    let sums: ExactGradientSum
    let memoryPlan: MemoryPlan
    let update: TrainableUpdate
    let schedule: LearningRateSchedule
    let sampler: Sampler
    let data: TrainingData
    let room: BatchRoom
    let checkpoints: CheckpointKeeper
    let requests: RequestPoint
    let events: EventStream
    let memory = ProcessMemory()

    /// Optimiser steps done so far, over all runs of this job.
    package internal(set) var stepsDone = 0
    package var totalSteps: Int { sampler.totalSteps }

    init(
        job: ResolvedJob, adapter: AdapterDescription?, base: TrainingBase, communicator: any Communicator,
        context: KernelContext, runner: ModelRunner, trainables: TrainableUnits, worked: TrainableUnits,
        memoryPlan: MemoryPlan,
        sampler: Sampler, data: TrainingData, room: BatchRoom, checkpoints: CheckpointKeeper, events: EventStream
    ) throws {
        let settings = job.job
        self.job = job
        self.adapter = adapter
        self.base = base
        self.communicator = communicator
        self.runner = runner
        self.trainables = trainables
        self.worked = worked
        outer =
            settings.isLocal
            ? try OuterStep(
                local: worked, shared: trainables, learningRate: settings.outerLearningRate,
                momentum: settings.outerMomentum, communicator: communicator, context: context) : nil
        let group: any Communicator = settings.isLocal ? SoloCommunicator() : communicator
        self.memoryPlan = memoryPlan
        self.sampler = sampler
        self.data = data
        self.room = room
        self.checkpoints = checkpoints
        self.events = events
        sums = try ExactGradientSum(space: worked.space, communicator: group, stage: settings.zeroStage)
        update = try TrainableUpdate(
            worked,
            optimizer: AdamW(
                beta1: settings.adamBeta1, beta2: settings.adamBeta2, epsilon: settings.adamEpsilon,
                weightDecay: settings.weightDecay),
            communicator: group, context: context)
        schedule = LearningRateSchedule(settings, totalSteps: sampler.totalSteps)
        requests = RequestPoint(
            communicator: communicator, triggerPath: settings.outputDirectory + "/" + settings.checkpoint.triggerFile,
            saveMinutes: settings.saveMinutes)
    }

    /// One optimiser step.
    /// - Returns: the step's record; or nil where a request to stop came first, and nothing was changed.
    func trainStep() throws -> StepRecord? {
        let clock = ContinuousClock()
        let start = clock.now
        let batch = sampler.batch(at: stepsDone)
        communicator.watch?.stepBegins()
        sums.reset()
        guard let loss = try accumulateGradients(batch) else { return nil }
        try sums.reduce()
        let norm = try update.norm(sums)
        let rate = schedule.rate(step: stepsDone)
        try update.apply(
            sums, number: stepsDone + 1, learningRate: rate,
            gradientScale: GradientClipping.factor(norm: norm, maximum: maximumNorm))
        stepsDone += 1
        if isSynchronizing { try synchronize() }
        communicator.watch?.stepEnds(tokens: own(of: batch).reduce(0) { $0 + $1.tokenCount })
        return record(batch, loss: loss, norm: try reported(norm), rate: rate, seconds: (clock.now - start).seconds)
    }

    /// The micro-batches of a step that are this rank's.
    private func own(of batch: StepBatch) -> [MicroBatch] {
        stride(from: communicator.rank, to: batch.microBatches.count, by: communicator.size).map {
            batch.microBatches[$0]
        }
    }

    /// Whether the parameters are the same on all ranks after this many steps.
    var isSynchronizing: Bool {
        stepsDone == totalSteps || stepsDone.isMultiple(of: job.job.synchronizationInterval)
    }

    private func synchronize() throws {
        guard let outer, try !outer.run() else { return }
        throw Divergence(step: stepsDone, reason: "a parameter is not finite or too large to be averaged")
    }

    /// The norm of the gradient that all ranks share, or the mean of the norms of their own.
    private func reported(_ norm: Double) throws -> Double {
        guard outer != nil else { return norm }
        return Double(try communicator.allReduce(Int64(norm * 0x1p30), .sum)) * 0x1p-30 / Double(communicator.size)
    }

    /// Forward, loss and backward of this rank's micro-batches; sums of all of them, and the losses of all ranks.
    private func accumulateGradients(_ batch: StepBatch) throws -> ExactLoss? {
        var loss = ExactLoss()
        var inRange = true
        // What is added to one sum: by all ranks, or by this one.
        let summed = outer == nil ? batch.microBatches : own(of: batch)
        let gradientScale = 1 / Float(max(1, summed.reduce(0) { $0 + $1.targetCount }))
        let limit = ExactGradientSum.limit(addends: summed.count * runner.addendsPerMicroBatch)
        let rounds = batch.microBatches.count.dividedRoundingUp(by: communicator.size)
        for round in 0..<rounds {
            let number = round * communicator.size + communicator.rank
            if number < batch.microBatches.count {
                let result = try runner.trainMicroBatch(
                    room.batch(batch.microBatches[number], of: data.examples), gradientScale: gradientScale,
                    dropout: DropoutKey(seed: job.job.seed, step: stepsDone, microBatch: number), sums: sums,
                    limit: limit)
                loss += result.loss
                inRange = inRange && result.inRange
            } else {
                try runner.accompanyTraining(sums: sums)
            }
            memory.sample()
            if try requests.agree().contains(.stop) { return nil }
        }
        return try agreed(loss, inRange: inRange)
    }

    /// The losses of all ranks, if every number of every rank was in range.
    private func agreed(_ loss: ExactLoss, inRange: Bool) throws -> ExactLoss {
        var own = loss
        let lossIsFinite = loss.isFinite
        own.isFinite = lossIsFinite && inRange
        let total = try own.summed(over: communicator)
        guard total.isFinite else {
            throw Divergence(
                step: stepsDone + 1, reason: "a loss or a gradient is not finite or too large to be summed")
        }
        return total
    }

    private var maximumNorm: Double? {
        let maximum = job.job.maximumGradientNorm
        return maximum > 0 ? maximum : nil
    }

    private func record(
        _ batch: StepBatch, loss: ExactLoss, norm: Double, rate: Double, seconds: Double
    ) -> StepRecord {
        StepRecord(
            step: stepsDone, totalSteps: totalSteps, epoch: batch.epochsDone, loss: loss.mean,
            gradientNorm: norm, learningRate: rate, tokens: batch.tokenCount, targetTokens: batch.targetCount,
            seconds: seconds, peakResidentBytes: memory.peakResidentBytes,
            anonymousPeakBytes: memory.anonymousPeakBytes)
    }
}
