import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import ModelFiles
import Sharding
import Transformer

/// One forward, or forward and backward, over rows of ids, written as safetensors.
struct ParityRun {
    private let model: LoadedModel
    private let context: KernelContext
    private let compute: Compute
    private let rows: ExampleSet
    private let shape: (batch: Int, length: Int)
    private let tokensPath: String

    init(_ parity: ParityOptions) throws {
        tokensPath = parity.tokens
        compute = parity.options.compute
        (model, context) = try parity.options.open(
            parity.model, communicator: SoloCommunicator(), isShared: false)
        (rows, shape) = try Self.read(parity.tokens, vocabularySize: model.architecture.vocabularySize)
    }

    func writeLogits(to path: String) throws {
        let vocabulary = model.architecture.vocabularySize
        let count = shape.batch * shape.length
        guard let total = Checked.product([count, vocabulary, 4]) else {
            throw InputError(
                .data, file: tokensPath, "asks for more logits than can be held", remedy: "give fewer rows")
        }
        let storage = try AlignedStorage(byteCount: total)
        let all = Matrix(storage.elements(count: count * vocabulary), rows: count, columns: vocabulary)
        let room = try BatchRoom(tokenCapacity: count)
        let runner = try runner(training: false)
        try runner.logits(room.batch(allRows, of: rows)) { range, logits in
            context.scale(logits, by: 1, into: all.rows(from: range.lowerBound, count: range.count))
        }
        try SafetensorsWriter.write(
            [
                OutgoingTensor(name: "logits", type: .float32, shape: [shape.batch, shape.length, vocabulary]) {
                    try $0(UnsafeRawBufferPointer(storage.bytes()))
                }
            ], to: path)
    }

    func writeGradients(to path: String) throws {
        guard let trainables = model.trainables else {
            throw InputError(
                .usage, "there is nothing to take gradients of", remedy: "name an adapter with --adapter DIR")
        }
        let sums = try ExactGradientSum(space: trainables.space, communicator: SoloCommunicator())
        let room = try BatchRoom(tokenCapacity: shape.batch * shape.length)
        let targets = shape.batch * (shape.length - 1)
        let result = try runner(training: true).trainMicroBatch(
            room.batch(allRows, of: rows), gradientScale: 1 / Float(targets),
            dropout: nil, sums: sums, limit: ExactGradientSum.limit(addends: 1))
        guard result.inRange, result.loss.isFinite else {
            throw Divergence(step: 1, reason: "a loss or a gradient is not finite or too large to be summed")
        }
        var gradients = [Float](repeating: 0, count: trainables.space.elementCount)
        gradients.withUnsafeMutableBufferPointer { context.fixedPointToFloat(sums.all, scale: 1, into: $0) }
        var tensors = trainables.space.tensors.enumerated().map { number, tensor in
            let start = trainables.space.offsets[number]
            return OutgoingTensor(
                name: tensor.name, type: .float32, shape: tensor.shape,
                values: Array(gradients[start..<start + tensor.elementCount]))
        }
        tensors.append(OutgoingTensor(name: "loss", type: .float32, shape: [], values: [Float(result.loss.mean)]))
        try SafetensorsWriter.write(tensors, to: path)
    }

    private var allRows: MicroBatch {
        MicroBatch.inOrder(Array(0..<rows.count), of: rows, microBatchSize: rows.count)[0]
    }

    private func runner(training: Bool) throws -> ModelRunner {
        try model.runner(
            tokens: shape.batch * shape.length, longestSequence: shape.length, training: training, context: context,
            compute: compute)
    }

    private struct Tokens: Decodable { let input_ids: [[Int32]] }

    private static func read(_ path: String, vocabularySize: Int) throws -> (ExampleSet, (batch: Int, length: Int)) {
        func fault(_ message: String) -> InputError {
            InputError(.data, file: path, message, remedy: "write {\"input_ids\": [[…], …]}, rows of equal length")
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw fault("cannot be read") }
        guard let tokens = try? JSONDecoder().decode(Tokens.self, from: data).input_ids else {
            throw fault("is no JSON object with input_ids")
        }
        guard let length = tokens.first?.count, length >= 2, tokens.allSatisfy({ $0.count == length }) else {
            throw fault("has rows of different lengths, or none of two ids or more")
        }
        var set = ExampleSet()
        for row in tokens {
            guard row.allSatisfy({ $0 >= 0 && $0 < vocabularySize }) else {
                throw fault("has an id outside the vocabulary of \(vocabularySize)")
            }
            set.append(Example(ids: row, labels: row))
        }
        return (set, (tokens.count, length))
    }
}
