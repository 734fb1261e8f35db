import Architectures
import Buffers
import Collectives
import Corpus
import Execution
import Foundation
import Kernels
import ModelFiles
import Testing

/// The golden case `llama_tiny`: a two-layer Llama with LoRA r 4, made with transformers, PEFT and bitsandbytes.
enum Golden {
    static let directory = Bundle.module.resourcePath.map { $0 + "/Fixtures/llama_tiny" } ?? ""
    static let model = directory + "/model"
    static let adapter = directory + "/adapter"

    /// The values of a tensor in one of the case's files.
    static func values(_ name: String, in file: String = "io") throws -> [Float] {
        try tensor(name, in: file).floats
    }

    /// The ids of a tensor of int32, as rows of `length`.
    static func rows(_ name: String, length: Int) throws -> [[Int32]] {
        let ids = try tensor(name, in: "io").withBytes { Array($0.bindMemory(to: Int32.self)) }
        return stride(from: 0, to: ids.count, by: length).map { Array(ids[$0..<$0 + length]) }
    }

    static func tensor(_ name: String, in file: String) throws -> StoredTensor {
        let stored = try SafetensorsFile(path: "\(directory)/\(file).safetensors").tensor(named: name)
        return try #require(stored, "\(name) is not in \(file)")
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
        adapter: String? = nil, storage: LoadedModel.Storage? = .fp32, tokens: Int = 64, training: Bool = false,
        context: KernelContext? = nil
    ) throws {
        self.context = try context ?? KernelContext(threads: 1)
        model = try LoadedModel(path: Golden.model, adapterPath: adapter, storage: storage, context: self.context)
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
}

func examples(_ rows: [[Int32]], labels: [[Int32]]? = nil) -> ExampleSet {
    var set = ExampleSet()
    for (index, row) in rows.enumerated() { set.append(Example(ids: row, labels: labels?[index] ?? row)) }
    return set
}
