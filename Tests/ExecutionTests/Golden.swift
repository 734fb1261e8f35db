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

/// A golden case: a two-layer model with LoRA r 4, and what transformers and PEFT compute with it.
struct GoldenModel: Sendable {
    let directory: String
    var model: String { directory + "/model" }
    var adapter: String { directory + "/adapter" }

    init(_ name: String) { directory = Bundle.module.resourcePath.map { $0 + "/Fixtures/\(name)" } ?? "" }

    /// The values of a tensor in one of the case's files.
    func values(_ name: String, in file: String = "io") throws -> [Float] { try tensor(name, in: file).floats }

    /// The ids of a tensor of int32, as rows of its last dimension.
    func rows(_ name: String) throws -> [[Int32]] {
        let tensor = try tensor(name, in: "io")
        let ids = tensor.withBytes { Array($0.bindMemory(to: Int32.self)) }
        let length = try #require(tensor.shape.last)
        return stride(from: 0, to: ids.count, by: length).map { Array(ids[$0..<$0 + length]) }
    }

    func tensor(_ name: String, in file: String) throws -> StoredTensor {
        let stored = try SafetensorsFile(path: "\(directory)/\(file).safetensors").tensor(named: name)
        return try #require(stored, "\(name) is not in \(file)")
    }
}

/// The golden case `llama_tiny`, which also has NF4, masks and rank-stabilised LoRA; with bitsandbytes.
enum Golden {
    static let tiny = GoldenModel("llama_tiny")
    static let directory = tiny.directory
    static let model = tiny.model
    static let adapter = tiny.adapter

    static func values(_ name: String, in file: String = "io") throws -> [Float] { try tiny.values(name, in: file) }

    static func rows(_ name: String, length: Int) throws -> [[Int32]] {
        let rows = try tiny.rows(name)
        #expect(rows.allSatisfy { $0.count == length })
        return rows
    }

    /// A copy of the adapter in a temporary directory whose configuration asks for the scale alpha/√r.
    static func rankStabilizedAdapter() throws -> String {
        let copy = NSTemporaryDirectory() + "swiftlet-adapter-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: adapter, toPath: copy)
        let configuration = copy + "/adapter_config.json"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        let changed = text.replacingOccurrences(of: "\"use_rslora\": false", with: "\"use_rslora\": true")
        #expect(changed != text)
        try changed.write(toFile: configuration, atomically: true, encoding: .utf8)
        return copy
    }

    static func meta() throws -> Meta {
        try JSONDecoder().decode(Meta.self, from: Data(contentsOf: URL(fileURLWithPath: directory + "/meta.json")))
    }

    struct Meta: Decodable {
        let train: Train
        let loss: Double
        let maskedLoss: Double
        let loraLoss: Double
        let nf4Loss: Double

        enum CodingKeys: String, CodingKey {
            case train
            case loss = "base.loss"
            case maskedLoss = "base.loss_masked"
            case loraLoss = "lora.loss"
            case nf4Loss = "nf4.loss"
        }

        struct Train: Decodable {
            let lrs: [Double]
            let fp32: Curve
            let nf4: Curve
        }

        struct Curve: Decodable {
            let losses: [Double]
            let grad_norms: [Double]
        }
    }
}

/// Checks that no value is further away than `tolerance` times the largest reference value.
func expectClose(
    _ values: [Float], _ reference: [Float], tolerance: Float = 1e-4, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == reference.count, "\(what)", sourceLocation: sourceLocation)
    guard values.count == reference.count else { return }
    let scale = reference.reduce(0) { max($0, abs($1)) }
    let worst = zip(values, reference).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(worst <= tolerance * scale, "\(what): \(worst) of \(scale)", sourceLocation: sourceLocation)
}

/// A model opened with everything that a forward or backward of some rows needs.
struct Bench {
    let context: KernelContext
    let model: LoadedModel
    let runner: ModelRunner
    let room: BatchRoom

    init(
        _ path: String = Golden.model, adapter: String? = nil, storage: LoadedModel.Storage? = .fp32, tokens: Int = 64,
        training: Bool = false, context: KernelContext? = nil
    ) throws {
        self.context = try context ?? KernelContext(threads: 1)
        model = try LoadedModel(path: path, adapterPath: adapter, storage: storage, context: self.context)
        runner = try model.runner(
            tokens: tokens, longestSequence: tokens, training: training, context: self.context, compute: .fp32)
        room = try BatchRoom(tokenCapacity: tokens)
    }

    func logits(_ rows: [[Int32]]) throws -> [Float] {
        let set = examples(rows)
        let batch = MicroBatch.inOrder(Array(0..<set.count), of: set, microBatchSize: set.count)[0]
        var all: [Float] = []
        try runner.logits(room.batch(batch, of: set)) { _, logits in all += Array(logits.elements) }
        return all
    }

    /// The gradients of the mean loss over all rows, by tensor.
    func gradients(_ set: ExampleSet) throws -> [(name: String, values: [Float])] {
        let units = try #require(model.trainables)
        let sums = try ExactGradientSum(space: units.space, communicator: SoloCommunicator())
        let microBatch = MicroBatch.inOrder(Array(0..<set.count), of: set, microBatchSize: set.count)[0]
        let result = try runner.trainMicroBatch(
            room.batch(microBatch, of: set), gradientScale: 1 / Float(microBatch.targetCount), dropout: nil,
            sums: sums, limit: ExactGradientSum.limit(addends: 1))
        #expect(result.inRange && result.loss.isFinite)
        var gradients = [Float](repeating: 0, count: units.space.elementCount)
        gradients.withUnsafeMutableBufferPointer { context.fixedPointToFloat(sums.all, scale: 1, into: $0) }
        return units.space.tensors.enumerated().map { number, tensor in
            let start = units.space.offsets[number]
            return (tensor.name, Array(gradients[start..<start + tensor.elementCount]))
        }
    }
}

func examples(_ rows: [[Int32]], labels: [[Int32]]? = nil) -> ExampleSet {
    var set = ExampleSet()
    for (index, row) in rows.enumerated() { set.append(Example(ids: row, labels: labels?[index] ?? row)) }
    return set
}
