import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import ModelFiles
import Optimizers
import Sharding
import Testing
import Transformer

/// The trained model that the repository ships, with an adapter on all its layers and rows of its task: activations and
/// gradients as they are in training, which random numbers are not.
struct TrainedModel {
    static let directory =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Jobs/quickstart"

    let context: KernelContext
    let architecture: Architecture
    let trainables: TrainableUnits
    private let description: AdapterDescription
    private let base: any UnitSource
    private let training: ExampleSet
    private let heldOut: ExampleSet

    private static let rowsOfStep = 8
    private static let rowsOfComparison = 16
    private static let longestRow = 128

    init(_ path: String = directory, storage: LoadedModel.Storage) throws {
        context = try KernelContext(threads: 2)
        let model = try LoadedModel(path: path, adapterPath: nil, storage: storage, context: context)
        architecture = model.architecture
        base = model.source
        description = AdapterDescription(
            rank: 16, alpha: 32, targets: Set(LinearRole.allCases), baseModelPath: path)
        trainables = try TrainableUnits(
            space: LogicalSpace(architecture.adapterTensors(description)), units: architecture.units,
            communicator: SoloCommunicator())
        AdapterInitialization.fill(trainables, seed: 1)
        let loader = CorpusLoader(
            encoder: model.tokenizer, sequenceLength: Self.longestRow,
            vocabularySize: model.architecture.vocabularySize)
        training = try loader.load([CorpusSource(path: "\(Self.directory)/train.jsonl")]).examples
        heldOut = try loader.load([CorpusSource(path: "\(Self.directory)/validation.jsonl")]).examples
    }

    /// By tensor of the adapter.
    typealias Gradients = [(name: String, values: [Float])]

    /// The loss of held-out rows and its gradients.
    func gradients(_ compute: Compute) throws -> (loss: Double, gradients: Gradients) {
        let (runner, room) = try runner(compute, rows: Self.rowsOfComparison)
        let batch = microBatch(0..<Self.rowsOfComparison, of: heldOut)
        let sums = try ExactGradientSum(space: trainables.space, communicator: SoloCommunicator())
        let loss = try run(room.batch(batch, of: heldOut), targets: batch.targetCount, on: runner, sums: sums)
        let tensors = trainables.space.tensors.enumerated().map { number, tensor in
            let start = trainables.space.offsets[number]
            return (tensor.name, sums.all[start..<start + tensor.elementCount].map { Float(Double($0) * 0x1p-52) })
        }
        return (loss, tensors)
    }

    /// What a block's backward gives from the inputs and the gradient of its output that it has in fp32: the gradients
    /// of its adapters, and that of its input under the name `input`, which the first block does not make.
    func blockGradients(_ compute: Compute) throws -> [Gradients] {
        let (exact, room) = try runner(.fp32, rows: Self.rowsOfComparison)
        let microBatch = microBatch(0..<Self.rowsOfComparison, of: heldOut)
        let batch = room.batch(microBatch, of: heldOut)
        let frozen = FrozenUnits(source: base)
        let rotary = try RotaryTable(
            frequencies: architecture.rotary.inverseFrequencies(headSize: architecture.headSize),
            positions: Self.longestRow)
        // Fills the streams of the fp32 arena, which a backward leaves as they are.
        _ = try exact.evaluateMicroBatch(batch)
        let source = exact.activations
        let target = try Activations(layout(compute, rows: Self.rowsOfComparison))
        try seed(batch, targets: microBatch.targetCount, in: source, of: frozen)
        return try (0..<architecture.layerCount).reversed().map { index in
            let unit = try frozen.acquire(.block(index))
            defer { frozen.release(.block(index)) }
            func block(_ compute: Compute, _ activations: Activations) -> Block {
                Block(
                    index: index, parameters: parameters(unit, index), activations: activations, rotary: rotary,
                    context: context, compute: compute, dropout: nil)
            }
            func copy(_ slot: (StepLayout) -> ActivationSlot) {
                _ = target.matrix(slot(target.layout), rows: batch.count).elements.update(
                    fromContentsOf: source.matrix(slot(source.layout), rows: batch.count).elements)
            }
            copy { $0.stream(index) }
            copy { $0.scratch.streamGradient }
            let mine = block(compute, target)
            mine.forward(batch)
            let result = try gradients(of: mine, index, in: target, batch)
            _ = try gradients(of: block(.fp32, source), index, in: source, batch)
            return result
        }
    }

    /// The gradient of the stream behind the last block, in its slot.
    private func seed(_ batch: TokenBatch, targets: Int, in activations: Activations, of frozen: FrozenUnits) throws {
        let head = try frozen.acquire(.head)
        let embedding = try frozen.acquire(.embedding)
        defer {
            frozen.release(.head)
            frozen.release(.embedding)
        }
        _ = Head(
            norm: head.weight(.finalNorm), weight: embedding.weight(.embedding), activations: activations,
            context: context, compute: .fp32
        ).losses(batch, gradientScale: 1 / Float(targets))
    }

    private func parameters(_ unit: LentUnit, _ index: Int) -> BlockParameters {
        let values = UnsafeMutableBufferPointer(
            rebasing: trainables.values[trainables.space.range(of: .block(index))])
        let adapters = architecture.adapterMatrices(in: values, settings: AdapterSettings(description))
        return BlockParameters(
            inputNorm: unit.weight(.inputNorm), postAttentionNorm: unit.weight(.postAttentionNorm),
            linears: PerLinear { role in
                LinearParameters(weight: unit.weight(.weight(role)), bias: nil, adapter: adapters[role])
            })
    }

    private func gradients(
        of block: Block, _ index: Int, in activations: Activations, _ batch: TokenBatch
    ) throws -> Gradients {
        let range = trainables.space.range(of: .block(index))
        let storage = try AlignedStorage(byteCount: range.count * MemoryLayout<Float>.stride)
        let values = storage.elements(of: Float.self, count: range.count)
        let matrices = architecture.adapterMatrices(in: values, settings: AdapterSettings(description))
        block.backward(batch, gradients: .adapters(matrices), propagates: index > 0)
        var result: Gradients = trainables.space.tensors.enumerated().filter { $1.unit == .block(index) }.map {
            let start = trainables.space.offsets[$0] - range.lowerBound
            return ($1.name, Array(values[start..<start + $1.elementCount]))
        }
        if index > 0 {
            let slot = activations.layout.scratch.streamGradient
            result.append(("input", Array(activations.matrix(slot, rows: batch.count).elements)))
        }
        return result
    }

    /// The logits of all positions of held-out rows.
    func logits(_ compute: Compute) throws -> [Float] {
        let (runner, room) = try runner(compute, rows: Self.rowsOfComparison)
        let batch = microBatch(0..<Self.rowsOfComparison, of: heldOut)
        var all: [Float] = []
        try runner.logits(room.batch(batch, of: heldOut)) { _, logits in all += Array(logits.elements) }
        return all
    }

    /// Trains the adapter further, in fp32, as a job does.
    func train(steps: Range<Int>) throws {
        let (runner, room) = try runner(.fp32, rows: Self.rowsOfStep)
        let sums = try ExactGradientSum(space: trainables.space, communicator: SoloCommunicator())
        for step in steps {
            let batch = microBatch(step * Self.rowsOfStep..<(step + 1) * Self.rowsOfStep, of: training)
            sums.reset()
            _ = try run(room.batch(batch, of: training), targets: batch.targetCount, on: runner, sums: sums)
            let state = AdamW.State(
                parameters: trainables.values, sums: sums.all,
                firstMoments: trainables.firstMoments, secondMoments: trainables.secondMoments)
            AdamW().update(
                state, runs: [AdamW.Run(elements: 0..<trainables.space.elementCount, decays: false)], number: step + 1,
                learningRate: 2e-3, gradientScale: 1, context: context)
        }
    }

    private func microBatch(_ rows: Range<Int>, of set: ExampleSet) -> MicroBatch {
        MicroBatch.inOrder(Array(rows), of: set, microBatchSize: rows.count)[0]
    }

    private func run(
        _ tokens: TokenBatch, targets: Int, on runner: ModelRunner, sums: ExactGradientSum
    ) throws -> Double {
        let result = try runner.trainMicroBatch(
            tokens, gradientScale: 1 / Float(targets), dropout: nil, sums: sums,
            limit: ExactGradientSum.limit(addends: 1))
        #expect(result.inRange && result.loss.isFinite)
        return result.loss.mean
    }

    private func layout(_ compute: Compute, rows: Int) -> StepLayout {
        let extent = StepLayout.Extent(
            tokens: rows * Self.longestRow, logitRows: 100, recomputation: .nothing, savedType: compute.savedType)
        return StepLayout(architecture, adapter: AdapterSettings(description), extent: extent)
    }

    private func runner(_ compute: Compute, rows: Int) throws -> (ModelRunner, BatchRoom) {
        let runner = try ModelRunner(
            layout: layout(compute, rows: rows), frozen: FrozenUnits(source: base), trainables: trainables,
            longestSequence: Self.longestRow, context: context, compute: compute)
        return (runner, try BatchRoom(tokenCapacity: rows * Self.longestRow))
    }
}

extension TrainedModel {
    /// A channel whose activations become many times as large, and the weights that read it as many times smaller.
    enum Channel: String, CaseIterable, CustomTestStringConvertible {
        /// Of the normalised stream: what q, k, v, gate and up read.
        case stream
        /// Of the values, and so of the attention's output: what o reads.
        case attention
        /// Of silu(gate) · up: what down reads. This is where trained models have theirs.
        case product

        var testDescription: String { rawValue }

        fileprivate static let number = 77

        /// Whether a tensor makes this channel: in which row, or element.
        fileprivate func made(by role: TensorRole, in architecture: Architecture) -> Int? {
            switch (self, role) {
            case (.stream, .inputNorm), (.stream, .postAttentionNorm): Self.number
            case (.attention, .weight(.value)): Self.number % architecture.keyValueSize
            case (.product, .weight(.up)): Self.number
            default: nil
            }
        }

        /// The columns in which a layer reads it.
        fileprivate func columns(of role: LinearRole, in architecture: Architecture) -> [Int] {
            switch (self, role) {
            case (.stream, .query), (.stream, .key), (.stream, .value), (.stream, .gate), (.stream, .up):
                return [Self.number]
            case (.product, .down): return [Self.number]
            case (.attention, .attentionOutput):
                let size = architecture.headSize
                let (head, element) = (Self.number % architecture.keyValueSize).quotientAndRemainder(dividingBy: size)
                let group = architecture.headCount / architecture.keyValueHeadCount
                return (0..<group).map { (head * group + $0) * size + element }
            default: return []
            }
        }
    }

    /// The same function with the activations of one channel of every block `factor` times as large.
    /// - Parameter directory: where its weights go.
    func magnified(_ channel: Channel, by factor: Float, in directory: String) throws -> TrainedModel {
        let source = try ModelDirectory(path: Self.directory)
        try ModelExport(configuration: source.configuration, architecture: architecture, type: .float32).write(
            to: directory, files: [], record: ExportRecord()
        ) { tensor, values in
            _ = values.update(fromContentsOf: try source.tensor(named: tensor.name).floats)
            if let row = channel.made(by: tensor.role, in: architecture) {
                // One element of a norm, one row of a matrix.
                let count = tensor.shape.count == 2 ? tensor.columns : 1
                for index in row * count..<(row + 1) * count { values[index] *= factor }
            }
            guard let role = tensor.role.linear else { return }
            for column in channel.columns(of: role, in: architecture) {
                for row in 0..<tensor.rows { values[row * tensor.columns + column] /= factor }
            }
        }
        for file in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(atPath: "\(Self.directory)/\(file)", toPath: "\(directory)/\(file)")
        }
        let result = try TrainedModel(directory, storage: .fp32)
        for (number, tensor) in trainables.space.tensors.enumerated() {
            let range = trainables.space.offsets[number]..<trainables.space.offsets[number] + tensor.elementCount
            let values = UnsafeMutableBufferPointer(rebasing: result.trainables.values[range])
            _ = values.update(fromContentsOf: trainables.values[range])
            magnify(tensor, values, channel, by: factor)
        }
        return result
    }

    /// The part of an adapter's matrix in that: B makes the channel, A reads it.
    private func magnify(
        _ tensor: LogicalTensor, _ values: UnsafeMutableBufferPointer<Float>, _ channel: Channel, by factor: Float
    ) {
        let role = LinearRole.allCases.first { tensor.name.contains(".\($0.moduleName).") }
        guard let role else { return }
        let columns = tensor.shape[1]
        if tensor.name.hasSuffix("lora_B.weight") {
            guard let row = channel.made(by: .weight(role), in: architecture) else { return }
            for column in 0..<columns { values[row * columns + column] *= factor }
        } else {
            for column in channel.columns(of: role, in: architecture) {
                for row in 0..<tensor.shape[0] { values[row * columns + column] /= factor }
            }
        }
    }
}
