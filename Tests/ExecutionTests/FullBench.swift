import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import ModelFiles
import Sharding
import Testing
import Transformer

/// A model whose parameters are all trained, with everything that a forward or backward of some rows needs.
struct FullBench {
    let context: KernelContext
    let units: TrainableUnits
    let runner: ModelRunner
    let room: BatchRoom

    init(
        _ path: String, random: Bool = false, seed: UInt64 = 0, tokens: Int = 64,
        recomputation: Recomputation = .nothing,
        context: KernelContext? = nil
    ) throws {
        self.context = try context ?? KernelContext(threads: 1)
        let weights = try StartingWeights(path: path, random: random)
        let architecture = weights.architecture
        units = try TrainableUnits(
            space: LogicalSpace(architecture.trainableTensors), units: architecture.units,
            communicator: SoloCommunicator())
        try weights.fill(units, seed: seed)
        // Few rows of logits at once, so that the head's gradient is made in several parts.
        let extent = StepLayout.Extent(tokens: tokens, logitRows: 7, recomputation: recomputation)
        runner = try ModelRunner(
            layout: StepLayout(architecture, adapter: nil, extent: extent), frozen: nil, trainables: units,
            longestSequence: tokens, context: self.context, compute: .fp32)
        room = try BatchRoom(tokenCapacity: tokens)
    }

    /// The mean loss over all rows in nats.
    func loss(_ set: ExampleSet) throws -> Double {
        try runner.evaluateMicroBatch(room.batch(whole(set), of: set)).mean
    }

    /// The exact sums of one micro-batch of all rows, and its loss.
    func sums(_ set: ExampleSet) throws -> (sums: [Int64], loss: Int64) {
        let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
        let microBatch = whole(set)
        let result = try runner.trainMicroBatch(
            room.batch(microBatch, of: set), gradientScale: 1 / Float(microBatch.targetCount), dropout: nil,
            sums: sums, limit: ExactGradientSum.limit(addends: runner.addendsPerMicroBatch))
        #expect(result.inRange && result.loss.isFinite)
        return (Array(sums.all), result.loss.sum)
    }

    /// The gradients of the mean loss over all rows, by tensor.
    func gradients(_ set: ExampleSet) throws -> [(name: String, values: [Float])] {
        let sums = try sums(set).sums.map { Float(Double($0) * 0x1p-52) }
        return units.space.tensors.enumerated().map { number, tensor in
            let start = units.space.offsets[number]
            return (tensor.name, Array(sums[start..<start + tensor.elementCount]))
        }
    }

    private func whole(_ set: ExampleSet) -> MicroBatch {
        MicroBatch.inOrder(Array(0..<set.count), of: set, microBatchSize: set.count)[0]
    }

    /// A copy of a model directory in which the head is the embedding, in a temporary directory.
    static func tied(_ path: String) throws -> String {
        let source = try ModelDirectory(path: path)
        var architecture = source.architecture
        architecture.tiesEmbeddings = true
        let copy = NSTemporaryDirectory() + "swiftlet-tied-\(UUID().uuidString)"
        try ModelExport(configuration: source.configuration, architecture: architecture, type: .float32).write(
            to: copy, files: [], record: ExportRecord()
        ) { tensor, values in
            _ = values.update(fromContentsOf: try source.tensor(named: tensor.name).floats)
        }
        return copy
    }
}
