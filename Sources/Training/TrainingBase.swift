package import Architectures
import Buffers
import Checkpoints
package import Collectives
package import Execution
import Foundation
package import JobFiles
package import Kernels
import ModelFiles
import Quantization
package import Tokenizers

/// What a run starts from: the frozen base or the weights that are all trained; and the tokenizer that belongs to it.
package struct TrainingBase {
    package let architecture: Architecture
    /// On the coordinator; nil where the model has none: then only rows of ids can be read.
    package let tokenizer: Tokenizer?
    /// Nil where all parameters are trained.
    package let frozen: FrozenBase?
    /// What the parameters start from where all of them are trained.
    package let weights: StartingWeights?
    /// What a checkpoint must find again: the hash of the base, or of the weights.
    package let identity: String

    /// The frozen base where this rank sees it; the coordinator does.
    package var stored: StoredBase? { frozen?.store }

    /// Opens what a job names. The base of a Hugging Face directory is first written as a store into `output_dir`, by
    /// the coordinator, unless the store of an earlier run is there; with `stage_base` each node gets a copy; all ranks
    /// call this. Only the coordinator need see what the job names.
    ///
    /// - Parameter report: told on the coordinator how far a store is.
    package static func open(
        _ job: Job, communicator: any Communicator, context: KernelContext, report: (String) throws -> Void
    ) throws -> TrainingBase {
        if job.adapter == .none { return try open(weightsOf: job, communicator: communicator) }
        var tokenizer: Tokenizer?
        var own: BaseStore?
        let record = try communicator.fromCoordinator {
            let path = try isStore(job.baseModel) ? job.baseModel : prepareStore(job, context: context, report: report)
            let store = try BaseStore(path: path)
            if isStore(job.baseModel) { try check(store, against: job) }
            tokenizer = try self.tokenizer(job, in: store)
            own = store
            return FrozenBase.Record(store)
        }
        if let directory = job.distributed.stageBase {
            let staged = StagedStore(record.manifest, in: directory, communicator: communicator)
            try staged.copy(own, report: report)
            own = try communicator.agree { try BaseStore(path: staged.path) }
        }
        return TrainingBase(
            architecture: record.description.architecture, tokenizer: tokenizer,
            frozen: try FrozenBase(record, own: own, communicator: communicator), weights: nil,
            identity: record.manifest.hash)
    }

    private static func open(weightsOf job: Job, communicator: any Communicator) throws -> TrainingBase {
        let weights = try communicator.agree { try StartingWeights(job) }
        let tokenizer = try communicator.agree { communicator.isCoordinator ? try Self.tokenizer(job) : nil }
        return TrainingBase(
            architecture: weights.architecture, tokenizer: tokenizer, frozen: nil, weights: weights,
            identity: try communicator.fromCoordinator { try weights.identity() })
    }

    package static func isStore(_ path: String) -> Bool { path.hasSuffix(".h5") }

    /// The store of a model directory, in `output_dir`.
    static let storeName = "base.base.h5"

    private static func storePath(_ job: Job) -> String { job.outputDirectory + "/" + storeName }

    private static func prepareStore(
        _ job: Job, context: KernelContext, report: (String) throws -> Void
    ) throws -> String {
        let encoding = BaseEncoding(try ModelDirectory(path: job.baseModel), linearFormat: job.baseFormat)
        let path = storePath(job)
        if FileManager.default.fileExists(atPath: path), let store = try? BaseStore(path: path),
            store.sourceHash == (try encoding.sourceHash()),
            try encoding.formats().allSatisfy({ store.format(of: $0.tensor) == $0.format })
        {
            try report("base \(path) from an earlier run")
            return path
        }
        try FileManager.default.createDirectory(atPath: job.outputDirectory, withIntermediateDirectories: true)
        let formats = job.baseFormat.map { "\($0)" } ?? "as stored"
        try report("writing the base (\(formats)) to \(path)")
        try BaseStoreBuilder.build(encoding, to: path, context: context)
        return path
    }

    /// A job that names a store and a format must mean the format that the store has.
    static func check(_ store: BaseStore, against job: Job) throws {
        guard let format = job.baseFormat else { return }
        for tensor in store.architecture.tensors where tensor.role.linear != nil {
            let stored = store.format(of: tensor)
            guard stored == format else {
                throw InputError(
                    .usage, file: store.path, "holds its linear layers as \(stored), the job asks for \(format)",
                    remedy: "set quantization to what the store holds, or make the store anew")
            }
        }
    }

    /// The tokenizer of what a job names; nil where it has none.
    /// - Parameter store: what the job names, where it is a base store and open already.
    static func tokenizer(_ job: Job, in store: BaseStore? = nil) throws -> Tokenizer? {
        guard isStore(job.baseModel) else { return try LoadedModel.tokenizer(in: job.baseModel) }
        return try (store ?? BaseStore(path: job.baseModel)).tokenizer()
    }
}

extension StartingWeights {
    /// What a job starts from that trains all parameters.
    init(_ job: Job) throws { try self.init(path: job.baseModel, random: job.initialization == .random) }
}
