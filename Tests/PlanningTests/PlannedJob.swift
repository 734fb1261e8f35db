import Buffers
import Collectives
import Events
import Foundation
import JobFiles
import Planning
import Synchronization
import Training

/// A job on a golden model of two blocks, with rows of random ids, in a directory of its own.
final class PlannedJob: Sendable {
    let directory: String
    private static let golden =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/ExecutionTests/Fixtures/llama_tiny/model"

    init() throws {
        directory = NSTemporaryDirectory() + "swiftlet-planning-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let rows = (0..<40).map { row in
            let ids = (0..<10 + row % 7).map { ($0 * 31 + row * 17) % 90 + 1 }
            return "{\"input_ids\": \(ids)}"
        }
        try rows.joined(separator: "\n").write(
            toFile: directory + "/rows.jsonl", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// - Parameter settings: laid over a job of five micro-batches a step.
    func job(_ settings: [String] = [], output: String = "out") throws -> Job {
        let text = """
            base_model: \(Self.golden)
            adapter: qlora
            datasets: [{path: rows.jsonl, type: pretokenized}]
            shuffle: false
            sample_packing: false
            val_set_size: 0
            sequence_len: 16
            global_batch_size: 5
            micro_batch_size: 1
            max_steps: 5
            lora_r: 4
            save_steps: 0
            eval_steps: 0
            threads: 1
            compute: fp32
            """
        try text.write(toFile: directory + "/job.yaml", atomically: true, encoding: .utf8)
        return try Job(
            contentsOf: directory + "/job.yaml", overrides: ["output_dir=\(directory)/\(output)"] + settings)
    }

    func plan(
        _ job: Job, shape: RunShape = RunShape(nodes: 1, ranksPerNode: 1), available: Int = 1 << 34,
        speed: JobPlan.Speed = .steady
    ) throws -> JobPlan {
        try JobPlan(OpenedJob(job), shape: shape, available: available) { _ in speed }
    }
}

extension JobPlan.Speed {
    /// A millisecond for a token in each part of a pass, and a link that is not the bottleneck.
    static let steady = JobPlan.Speed(
        cost: StepCost(
            embedding: 1e-3, forward: 1e-3, backward: 1e-3, bottom: 1e-3, head: 1e-3, sum: 0, reset: 0, update: 0),
        machine: Machine(threads: 1, linkBytesPerSecond: 1e9, copyBytesPerSecond: 1e9),
        fileBytesPerSecond: 1e6, assumptions: [])
}

/// Keeps what the coordinator was told at the start of a run.
final class StartRecorder: EventConsumer {
    private let kept = Mutex<RunSummary?>(nil)

    var summary: RunSummary? { kept.withLock { $0 } }

    func receive(_ event: Event) throws {
        if case .started(let summary) = event { kept.withLock { $0 = summary } }
    }
}

/// A communicator that remembers which groups were divided from it.
final class GroupRecorder: Communicator, @unchecked Sendable {
    // Sendable: a rank uses it from its own thread alone.
    private let inner: any Communicator
    private(set) var groups: [any Communicator] = []

    init(_ inner: any Communicator) { self.inner = inner }

    var rank: Int { inner.rank }
    var size: Int { inner.size }
    var node: any Communicator { inner.node }
    var nodeIndex: Int { inner.nodeIndex }
    var nodeCount: Int { inner.nodeCount }
    var ranksOnHost: Int { inner.ranksOnHost }
    var traffic: Traffic { inner.traffic }
    var isAborting: Bool { inner.isAborting }

    func start(_ call: CollectiveCall) -> PendingRequest { inner.start(call) }

    func split(by number: Int) throws(CollectiveError) -> any Communicator {
        let group = try inner.split(by: number)
        groups.append(group)
        return group
    }

    func regrouped(ranksPerNode: Int) throws(CollectiveError) -> any Communicator {
        try inner.regrouped(ranksPerNode: ranksPerNode)
    }

    func makeSharedWindow(byteCount: Int) throws(CollectiveError) -> SharedWindow {
        try inner.makeSharedWindow(byteCount: byteCount)
    }

    func abort(exitCode: Int32) { inner.abort(exitCode: exitCode) }
}
