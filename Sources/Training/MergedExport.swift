import Architectures
package import Buffers
package import Checkpoints
import Execution
import Foundation
package import Kernels
import ModelFiles

/// Writes what a run trained together with its base, as one Hugging Face directory.
package struct MergedExport {
    private let directory: String
    /// A base store, or a model directory; nil: the store beside the source.
    private let basePath: String?
    private let type: ScalarType
    private let context: KernelContext

    /// - Parameter type: what the weights are stored as.
    package init(to directory: String, basePath: String?, type: ScalarType, context: KernelContext) {
        self.directory = directory
        self.basePath = basePath
        self.type = type
        self.context = context
    }

    /// Merges the adapter of a checkpoint into the run's base.
    /// - Throws: `InputError` where the checkpoint holds no adapter, the base is not found or is another one, or the
    ///   directory cannot be written.
    package func write(_ reader: CheckpointReader) throws {
        let adapter = try CheckpointExport.adapter(of: reader)
        let job = try? reader.manifest.job.decoded(as: ResolvedJobPlace.self)
        let run = URL(fileURLWithPath: reader.directory).deletingLastPathComponent().deletingLastPathComponent().path
        let candidates = [Self.storeBeside(run)] + [job?.baseModel].compactMap { $0 }.filter(TrainingBase.isStore)
        let base = try ownBase(of: reader.directory, hash: reader.manifest.baseHash, candidates: candidates)
        try AdapterMerge(base.decoded, adapter: adapter, context: context) { tensor in
            try CheckpointExport.values(of: tensor, in: reader)
        }.write(
            to: directory, type: type,
            record: ExportRecord(baseHash: base.store.hash, sourceHash: base.store.sourceHash, step: reader.step))
    }

    /// Merges a PEFT adapter into a base.
    ///
    /// An adapter that this program wrote names its base, and takes no other. What another program wrote is compared by
    /// its shapes only.
    /// - Parameter notice: told what could not be checked.
    package func write(adapterAt path: String, notice: (String) -> Void) throws {
        if let hash = try PEFTAdapter.baseHash(ofAdapterAt: path) {
            let run = URL(fileURLWithPath: path).deletingLastPathComponent().path
            let base = try ownBase(of: path, hash: hash, candidates: [Self.storeBeside(run)])
            let record = ExportRecord(baseHash: base.store.hash, sourceHash: base.store.sourceHash)
            return try merge(path, into: base.decoded, record: record)
        }
        guard let basePath else {
            throw InputError(
                .usage, file: path, "does not say which base it was trained on",
                remedy: "name the model directory or base store with --base")
        }
        notice("\(path) does not say which base it was trained on; only its shapes are compared with \(basePath)")
        guard TrainingBase.isStore(basePath) else {
            let encoding = BaseEncoding(try ModelDirectory(path: basePath), linearFormat: nil)
            return try merge(path, into: DecodedBase(encoding, context: context), record: ExportRecord())
        }
        let store = try BaseStore(path: basePath)
        try merge(
            path, into: DecodedBase(store, context: context),
            record: ExportRecord(baseHash: store.hash, sourceHash: store.sourceHash))
    }

    private func merge(_ path: String, into base: DecodedBase, record: ExportRecord) throws {
        let adapter = try PEFTAdapter(path: path, architecture: base.architecture)
        try AdapterMerge(
            base, adapter: adapter.description, context: context, adapterValues: adapter.values(of:)
        ).write(to: directory, type: type, record: record)
    }

    private static func storeBeside(_ run: String) -> String { run + "/" + TrainingBase.storeName }

    /// The base that trained values belong to: the one that was named, else the first candidate that is there.
    private func ownBase(
        of source: String, hash: String, candidates: [String]
    ) throws -> (store: BaseStore, decoded: DecodedBase) {
        func refusal(_ message: String) -> InputError {
            InputError(
                .data, file: source, message,
                remedy: "name the run's base store with --base; `train` and `swiftlet quantize` make it anew")
        }
        let name = hash.prefix(12)
        if let basePath, !TrainingBase.isStore(basePath) {
            throw refusal("was trained on the base \(name), and \(basePath) is not a base store (*.base.h5)")
        }
        let path = basePath ?? candidates.first { FileManager.default.fileExists(atPath: $0) }
        guard let path else { throw refusal("was trained on the base \(name), which does not lie beside it") }
        let store = try BaseStore(path: path)
        guard store.hash == hash else {
            throw refusal("was trained on the base \(name), and \(path) is the base \(store.hash.prefix(12))")
        }
        return (store, try DecodedBase(store, context: context))
    }

    /// What of a job says where its base may lie.
    private struct ResolvedJobPlace: Decodable {
        let baseModel: String

        enum CodingKeys: String, CodingKey { case baseModel = "base_model" }
    }
}
