import Architectures
import Buffers
import Execution
import JobFiles
import ModelFiles
import Sharding
import Transformer

/// The adapter that a job trains: its shape, where its first values come from, and the job as it is bound by that.
struct AdapterPlan {
    let description: AdapterDescription
    let space: LogicalSpace
    /// The job; rank, alpha and targets are those of `lora_model_dir` where it names one.
    let job: Job
    private let start: PEFTAdapter?

    /// - Throws: `InputError` where `lora_model_dir` is no adapter for this base.
    init(_ job: Job, architecture: Architecture) throws {
        var job = job
        start = try job.loraModelDirectory.map { try PEFTAdapter(path: $0, architecture: architecture) }
        if let given = start?.description {
            job.loraRank = given.rank
            job.loraAlpha = given.alpha
            job.loraTargets = LinearRole.allCases.filter(given.targets.contains)
        }
        description = AdapterDescription(
            rank: job.loraRank, alpha: job.loraAlpha, dropout: job.loraDropout, targets: Set(job.loraTargets),
            usesRankStabilizedScale: start?.description.usesRankStabilizedScale ?? false,
            baseModelPath: job.baseModel)
        space = LogicalSpace(architecture.adapterTensors(description))
        self.job = job
    }

    var settings: AdapterSettings { AdapterSettings(description) }

    /// Fills this rank's shard with the first values.
    func initialize(_ trainables: TrainableUnits, seed: UInt64) throws {
        guard let start else {
            AdapterInitialization.fill(trainables, seed: seed)
            return
        }
        try AdapterInitialization.fill(trainables, from: start.values(of:))
    }

    /// The adapter in words: `LoRA r 16, alpha 32, all linear layers`.
    static func description(_ job: Job) -> String {
        let all = job.loraTargets.count == LinearRole.allCases.count
        let targets = all ? "all linear layers" : job.loraTargets.map(\.moduleName).joined(separator: ", ")
        let alpha = job.loraAlpha == job.loraAlpha.rounded() ? "\(Int(job.loraAlpha))" : "\(job.loraAlpha)"
        return "LoRA r \(job.loraRank), alpha \(alpha), \(targets)"
    }
}
