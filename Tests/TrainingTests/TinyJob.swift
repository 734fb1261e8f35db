import Buffers
import Collectives
import Events
import Execution
import Foundation
import JobFiles
import ModelFiles
import Synchronization
import Testing
import Training

/// A job on a golden model (`llama_tiny`, or one of make_families.py), with the rows of its reference run, in a
/// directory of its own.
final class TinyJob: Sendable {
    static let golden = fixtures + "/llama_tiny"
    static let fixtures =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/ExecutionTests/Fixtures"

    let directory: String
    let golden: String
    /// The 20 steps of two rows that the reference run took, as JSON lines.
    let rows: [String]
    private let rowLength: Int

    init(_ model: String = "llama_tiny") throws {
        golden = Self.fixtures + "/" + model
        let file = try SafetensorsFile(path: golden + "/io.safetensors")
        let tensor = try #require(file.tensor(named: "train.input_ids"))
        let length = try #require(tensor.shape.last)
        rowLength = length
        let ids = tensor.withBytes { Array($0.bindMemory(to: Int32.self)) }
        rows = stride(from: 0, to: ids.count, by: length).map { "{\"input_ids\": \(Array(ids[$0..<$0 + length]))}" }
        directory = NSTemporaryDirectory() + "swiftlet-training-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try rows.joined(separator: "\n").write(
            toFile: directory + "/rows.jsonl", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The job of the reference runs; `settings` are laid over it.
    func job(_ settings: [String] = [], output: String = "out") throws -> Job {
        let text = """
            base_model: \(golden)/model
            adapter: qlora
            lora_model_dir: \(golden)/adapter
            datasets: [{path: rows.jsonl, type: pretokenized}]
            shuffle: false
            sample_packing: false
            val_set_size: 0
            sequence_len: \(rowLength)
            global_batch_size: 2
            micro_batch_size: 1
            max_steps: 20
            learning_rate: 0.005
            lr_scheduler: cosine
            warmup_steps: 4
            weight_decay: 0.01
            max_grad_norm: 1.0
            save_steps: 0
            eval_steps: 0
            threads: 1
            compute: fp32
            """
        try text.write(toFile: directory + "/job.yaml", atomically: true, encoding: .utf8)
        return try Job(
            contentsOf: directory + "/job.yaml", overrides: ["output_dir=\(directory)/\(output)"] + settings)
    }

    /// Trains on `ranks` in-process ranks.
    /// - Parameter stopAfter: the step after which the coordinator's consumer fails, as a full disk would make it.
    /// - Returns: the coordinator's records.
    @discardableResult
    func train(_ job: Job, ranks: Int = 1, ranksPerNode: Int? = nil, stopAfter: Int? = nil) throws -> Recorder {
        let recorder = Recorder(stopAfter: stopAfter)
        try InProcessWorld.run(size: ranks, ranksPerNode: ranksPerNode) { communicator in
            let events = EventStream(communicator.isCoordinator ? [recorder] : [])
            _ = try Trainer.prepare(job, communicator: communicator, events: events).run()
        }
        return recorder
    }

    func adapterBytes(output: String = "out") throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(output)/adapter/adapter_model.safetensors"))
    }
}

/// Keeps what a run says.
final class Recorder: EventConsumer {
    struct Line: Equatable, Sendable {
        let step: Int
        let loss: UInt64
        let gradientNorm: UInt64
        let learningRate: UInt64
    }

    struct Stopped: Error, CustomStringConvertible { let description = "stopped by the test" }

    private let records = Mutex<[StepRecord]>([])
    private let evaluationRecords = Mutex<[EvaluationRecord]>([])
    private let stopAfter: Int?

    init(stopAfter: Int?) { self.stopAfter = stopAfter }

    var steps: [StepRecord] { records.withLock { $0 } }
    var evaluations: [EvaluationRecord] { evaluationRecords.withLock { $0 } }
    /// All that must not change by a bit.
    var lines: [Line] {
        steps.map {
            Line(
                step: $0.step, loss: $0.loss.bitPattern, gradientNorm: $0.gradientNorm.bitPattern,
                learningRate: $0.learningRate.bitPattern)
        }
    }

    func receive(_ event: Event) throws {
        switch event {
        case .step(let record):
            if record.step == stopAfter { throw Stopped() }
            records.withLock { $0.append(record) }
        case .evaluation(let record): evaluationRecords.withLock { $0.append(record) }
        default: break
        }
    }
}
