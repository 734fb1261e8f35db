package import Architectures
import Buffers
package import Checkpoints
package import Collectives
package import Events
import Execution
package import JobFiles
package import Sharding

/// Saves the trainable state of all ranks as one checkpoint, and finds the one to resume from.
package final class CheckpointKeeper {
    /// What a run must find again in its checkpoint, besides the job.
    package struct Identity: Sendable, Equatable {
        /// `BaseStore.hash`, or `StartingWeights.identity()`.
        package var base: String
        /// `ExampleSet.fingerprint`.
        package var data: String

        package init(base: String, data: String) {
            self.base = base
            self.data = data
        }
    }

    private static let fingerprintKey = "dataFingerprint"
    private static let ownersKey = "ranksWithOwnState"
    /// Under this name a checkpoint carries its `AdapterDescription`, unless all parameters were trained.
    package static let adapterKey = "adapter"

    /// The hash of the base that this run trains on, or of the weights that it started from.
    package var baseHash: String { identity.base }

    private let directory: String
    private let limit: Int?
    private let identity: Identity
    private let communicator: any Communicator
    private let fileSystem: any FileSystem
    /// The step and the path of the newest checkpoint of this run.
    package private(set) var lastStep: Int?
    package private(set) var lastPath: String?

    package init(
        directory: String, limit: Int?, identity: Identity, communicator: any Communicator,
        fileSystem: any FileSystem = LocalFileSystem()
    ) {
        self.directory = directory
        self.limit = limit
        self.identity = identity
        self.communicator = communicator
        self.fileSystem = fileSystem
    }

    /// Writes a checkpoint; all ranks call it. On failure every rank throws and nothing that was committed is lost.
    /// - Parameter local: what each rank has of its own.
    package func save(
        step: Int, trainables: TrainableUnits, local: TrainableUnits? = nil, adapter: AdapterDescription?,
        job: ResolvedJob
    ) throws -> SaveRecord {
        let clock = ContinuousClock()
        let start = clock.now
        let transaction = try communicator.fromCoordinator {
            try CheckpointTransaction.begin(in: directory, step: step, fileSystem: fileSystem)
        }
        let path: String
        let byteCount: Int
        do {
            let parts = try writeParts(transaction, pieces(trainables) + (local.map(pieces(ofOwn:)) ?? []))
            byteCount = parts.reduce(0) { $0 + $1.byteCount }
            path = try communicator.fromCoordinator {
                try transaction.commit(
                    try content(trainables, hasLocal: local != nil, adapter, job), parts: parts, fileSystem: fileSystem)
            }
        } catch {
            if communicator.isCoordinator { transaction.abandon(fileSystem: fileSystem) }
            throw error
        }
        lastStep = step
        lastPath = path
        try communicator.agree {
            guard communicator.isCoordinator, let limit else { return }
            try CheckpointTransaction.prune(directory, keeping: limit, fileSystem: fileSystem)
        }
        return SaveRecord(step: step, path: path, byteCount: byteCount, seconds: (clock.now - start).seconds)
    }

    /// The records of all ranks' parts, on the coordinator; its own elsewhere.
    private func writeParts(
        _ transaction: CheckpointTransaction, _ pieces: [Piece]
    ) throws -> [PartRecord] {
        let records = try communicator.agree {
            try transaction.writeParts(
                pieces, part: communicator.rank, of: communicator.size, fileSystem: fileSystem)
        }
        return try communicator.gatherValues(records)?.flatMap { $0 } ?? records
    }

    private func pieces(_ trainables: TrainableUnits) -> [Piece] {
        Quantity.allCases.flatMap { quantity in
            trainables.shard.runs.flatMap { run in
                Piece.pieces(
                    quantity, of: trainables.space, run: run.elements,
                    values: UnsafeBufferPointer(trainables.elements(quantity, of: run)))
            }
        }
    }

    /// A rank's own state lies under names of its own.
    private func pieces(ofOwn local: TrainableUnits) -> [Piece] {
        let space = local.space.owned(byRank: communicator.rank)
        return Quantity.allCases.flatMap { quantity in
            local.held.runs.flatMap { run in
                Piece.pieces(
                    quantity, of: space, run: run.elements,
                    values: UnsafeBufferPointer(local.elements(quantity, of: run)))
            }
        }
    }

    private func content(
        _ trainables: TrainableUnits, hasLocal: Bool, _ adapter: AdapterDescription?, _ job: ResolvedJob
    ) throws -> CheckpointContent {
        let owners = hasLocal ? 0..<communicator.size : 0..<0
        var state = [Self.fingerprintKey: JSONValue.text(identity.data)]
        if hasLocal { state[Self.ownersKey] = .integer(communicator.size) }
        if let adapter { state[Self.adapterKey] = try JSONValue(encoding: adapter) }
        return CheckpointContent(
            job: try JSONValue(encoding: job), baseHash: identity.base, state: state,
            tensors: CheckpointTensor.all(of: trainables.space)
                + owners.flatMap { CheckpointTensor.all(of: trainables.space.owned(byRank: $0)) })
    }
}

extension CheckpointKeeper {
    /// What a run goes on from.
    package struct Origin: Codable, Sendable {
        package let path: String
        /// The job that made it.
        package let job: ResolvedJob
    }

    private static let fresh = "set resume_from_checkpoint: false or another output_dir to begin anew"

    /// The checkpoint that a job names; nil where it begins anew. All ranks call it.
    /// - Throws: `InputError` where there is none although one is named, or where it belongs to another base.
    package func find(_ policy: ResumePolicy, warn: (String) throws -> Void) throws -> Origin? {
        let found = try communicator.fromCoordinator {
            let (reader, warnings) = try newest(policy)
            return Found(origin: try reader.map(origin), warnings: warnings)
        }
        if communicator.isCoordinator { for warning in found.warnings { try warn(warning) } }
        return found.origin
    }

    private struct Found: Codable {
        let origin: Origin?
        let warnings: [String]
    }

    private func newest(_ policy: ResumePolicy) throws -> (checkpoint: CheckpointReader?, warnings: [String]) {
        switch policy {
        case .never: (nil, [])
        case .path(let path): (try CheckpointReader(directory: path, verification: .onUse), [])
        case .automatic: try CheckpointReader.latest(in: directory)
        }
    }

    private func origin(_ reader: CheckpointReader) throws -> Origin {
        guard reader.manifest.baseHash == identity.base else {
            throw InputError(
                .data, file: reader.directory,
                "was made on another base (\(reader.manifest.baseHash.prefix(12)), not "
                    + "\(identity.base.prefix(12)))", remedy: "train on the base that it was made on, or \(Self.fresh)")
        }
        return Origin(path: reader.directory, job: try reader.manifest.job.decoded(as: ResolvedJob.self))
    }

    /// Restores the trainable state; all ranks call it.
    /// - Returns: the steps done in it.
    /// - Throws: `InputError` where it belongs to other data or another job, or is damaged.
    package func resume(
        _ trainables: TrainableUnits, local: TrainableUnits? = nil, from origin: Origin, job: ResolvedJob
    ) throws -> Int {
        let step = try communicator.agree {
            let reader = try CheckpointReader(directory: origin.path, verification: .onUse)
            try check(reader, job, madeBy: origin.job)
            if let local { try resume(own: local, from: reader) }
            for quantity in Quantity.allCases {
                let here = quantity == .value ? trainables.held : trainables.updated
                for run in here.runs {
                    try reader.read(
                        quantity, of: trainables.space, run: run.elements, into: trainables.elements(quantity, of: run))
                }
            }
            return reader.step
        }
        lastStep = step
        lastPath = origin.path
        return step
    }

    private func resume(own local: TrainableUnits, from reader: CheckpointReader) throws {
        guard reader.manifest.state[Self.ownersKey] == .integer(communicator.size) else {
            throw InputError(
                .usage, file: reader.directory,
                "was made with sync_every by another number of ranks than these \(communicator.size), each with a "
                    + "state of its own", remedy: "start as many, or \(Self.fresh)")
        }
        let space = local.space.owned(byRank: communicator.rank)
        for quantity in Quantity.allCases {
            for run in local.held.runs {
                try reader.read(quantity, of: space, run: run.elements, into: local.elements(quantity, of: run))
            }
        }
    }

    private func check(_ reader: CheckpointReader, _ job: ResolvedJob, madeBy old: ResolvedJob) throws {
        if let difference = job.bindingDifferences(from: old).first {
            throw InputError(
                .usage, file: reader.directory, "\(difference), which changes the result", remedy: Self.fresh)
        }
        guard reader.manifest.state[Self.fingerprintKey] == .text(identity.data) else {
            throw InputError(
                .data, file: reader.directory, "was made on other training data",
                remedy: "restore the data, or \(Self.fresh)")
        }
    }
}

extension TrainableUnits {
    /// Where a quantity of some elements lies that are here.
    fileprivate func elements(
        _ quantity: Quantity, of run: LogicalShard.Run
    ) -> UnsafeMutableBufferPointer<Float> {
        switch quantity {
        case .value: values(of: run)
        case .firstMoment: moments(of: run).first
        case .secondMoment: moments(of: run).second
        }
    }
}
