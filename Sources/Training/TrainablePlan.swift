import Architectures
import Buffers
import Execution
import JobFiles
import ModelFiles
import Sharding
import Transformer

/// What a job trains: its tensors, where their first values come from, and the job as it is bound by that.
struct TrainablePlan {
    let space: LogicalSpace
    /// The adapter's shape; nil where all parameters are trained.
    let adapter: AdapterDescription?
    /// The job; rank, alpha and targets are those of `lora_model_dir` where it names one.
    let job: Job
    private let start: Start

    private enum Start {
        case newAdapter
        case adapter(PEFTAdapter)
        case weights(StartingWeights)
    }

    /// - Parameter weights: what a job starts from that trains all parameters.
    /// - Throws: `InputError` where `lora_model_dir` is no adapter for this base.
    init(_ job: Job, architecture: Architecture, weights: StartingWeights? = nil) throws {
        if let weights {
            self.job = job
            adapter = nil
            space = LogicalSpace(architecture.trainableTensors)
            start = .weights(weights)
            return
        }
        var job = job
        let given = try job.loraModelDirectory.map { try PEFTAdapter(path: $0, architecture: architecture) }
        if let given = given?.description {
            job.loraRank = given.rank
            job.loraAlpha = given.alpha
            job.loraTargets = LinearRole.allCases.filter(given.targets.contains)
        }
        let description = AdapterDescription(
            rank: job.loraRank, alpha: job.loraAlpha, dropout: job.loraDropout, targets: Set(job.loraTargets),
            usesRankStabilizedScale: given?.description.usesRankStabilizedScale ?? false,
            baseModelPath: job.baseModel)
        adapter = description
        space = LogicalSpace(architecture.adapterTensors(description))
        start = given.map(Start.adapter) ?? .newAdapter
        self.job = job
    }

    var settings: AdapterSettings? { adapter.map { AdapterSettings($0) } }

    /// Fills this rank's shard with the first values.
    func initialize(_ trainables: TrainableUnits, seed: UInt64) throws {
        switch start {
        case .newAdapter: AdapterInitialization.fill(trainables, seed: seed)
        case .adapter(let adapter): try trainables.fill(from: adapter.values(of:))
        case .weights(let weights): try weights.fill(trainables, seed: seed)
        }
    }

    /// The adapter in words: `LoRA r 16, alpha 32, all linear layers`; nil where all parameters are trained.
    static func description(_ job: Job) -> String? {
        guard job.adapter != .none else { return nil }
        let all = job.loraTargets.count == LinearRole.allCases.count
        let targets = all ? "all linear layers" : job.loraTargets.map(\.moduleName).joined(separator: ", ")
        let alpha = job.loraAlpha == job.loraAlpha.rounded() ? "\(Int(job.loraAlpha))" : "\(job.loraAlpha)"
        return "LoRA r \(job.loraRank), alpha \(alpha), \(targets)"
    }
}
