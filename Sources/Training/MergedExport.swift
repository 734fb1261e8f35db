import Architectures
package import Buffers
package import Checkpoints
import Execution
import Foundation
import JobFiles
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

    /// Merges the adapter of a checkpoint into the run's base, or writes the parameters where all were trained.
    /// - Throws: `InputError` where the base is not found or is another one, or the directory cannot be written.
    package func write(_ reader: CheckpointReader) throws {
        let job = try CheckpointExport.job(of: reader)
        if job.adapter == .none { return try writeParameters(reader, job) }
        let adapter = try CheckpointExport.adapter(of: reader)
        let named = job.baseModel
        let run = URL(fileURLWithPath: reader.directory).deletingLastPathComponent().deletingLastPathComponent().path
        let beside = [Self.storeBeside(run)] + (TrainingBase.isStore(named) ? [named] : [])
        try withBase(of: reader.directory, try CheckpointExport.origin(of: reader), beside: beside) { store in
            try AdapterMerge(DecodedBase(store, context: context), adapter: adapter, context: context) { tensor in
                try CheckpointExport.values(of: tensor, in: reader)
            }.write(to: directory, type: type, record: Self.record(store, step: reader.step))
        }
    }

    /// Writes the parameters of a run that trained all of them; only shape and tokenizer come from its model.
    private func writeParameters(_ reader: CheckpointReader, _ job: Job) throws {
        let path = basePath ?? job.baseModel
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(
                .data, file: reader.directory, "was trained from \(path), which is not there",
                remedy: "name the model, or a copy of its config.json and tokenizer, with --base")
        }
        let start = try StartingWeights(path: path, random: true)
        let tensors = Dictionary(uniqueKeysWithValues: start.architecture.trainableTensors.map { ($0.name, $0) })
        let held = reader.manifest.tensors.filter { $0.quantity == .value && LogicalSpace.isShared($0.tensor) }
        guard held.count == tensors.count, held.allSatisfy({ tensors[$0.tensor]?.shape == $0.shape }) else {
            throw InputError(
                .data, file: reader.directory, "holds a model of another shape than \(path)",
                remedy: "name the model that it was trained from with --base")
        }
        try ModelExport(configuration: start.configuration, architecture: start.architecture, type: type).write(
            to: directory, files: start.companions,
            record: ExportRecord(sourceHash: reader.manifest.baseHash, step: reader.step)
        ) { tensor, values in
            guard let trained = tensors[tensor.name] else { preconditionFailure("\(tensor.name) is not trained") }
            _ = values.update(fromContentsOf: try CheckpointExport.values(of: trained, in: reader))
        }
    }

    /// Merges a PEFT adapter into a base.
    ///
    /// An adapter that this program wrote names its base, and takes no other. What another program wrote is compared by
    /// its shapes only.
    /// - Parameter notice: told what could not be checked.
    package func write(adapterAt path: String, notice: (String) -> Void) throws {
        if let origin = try PEFTAdapter.origin(ofAdapterAt: path) {
            let run = URL(fileURLWithPath: path).deletingLastPathComponent().path
            return try withBase(of: path, origin, beside: [Self.storeBeside(run)]) { store in
                try merge(path, into: DecodedBase(store, context: context), record: Self.record(store))
            }
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
        try merge(path, into: DecodedBase(store, context: context), record: Self.record(store))
    }

    private func merge(_ path: String, into base: DecodedBase, record: ExportRecord) throws {
        let adapter = try PEFTAdapter(path: path, architecture: base.architecture)
        try AdapterMerge(
            base, adapter: adapter.description, context: context, adapterValues: adapter.values(of:)
        ).write(to: directory, type: type, record: record)
    }

    private static func storeBeside(_ run: String) -> String { run + "/" + TrainingBase.storeName }

    private static func record(_ store: BaseStore, step: Int? = nil) -> ExportRecord {
        ExportRecord(baseHash: store.hash, sourceHash: store.sourceHash, step: step)
    }

    /// Lends the base that trained values belong to: the one that was named, else the first store beside them.
    private func withBase(
        of source: String, _ origin: AdapterOrigin, beside stores: [String], _ body: (BaseStore) throws -> Void
    ) throws {
        let name = origin.baseHash.prefix(12)
        func refusal(_ message: String) -> InputError {
            InputError(
                .data, file: source, message,
                remedy: "name the run's base store, or the model that it was made from, with --base")
        }
        func check(_ store: BaseStore, _ path: String) throws {
            guard store.hash == origin.baseHash else {
                throw refusal("was trained on the base \(name), and \(path) is the base \(store.hash.prefix(12))")
            }
        }
        if let basePath, !TrainingBase.isStore(basePath) {
            // Only the store that the model becomes can be told from another.
            let room = TemporaryName.beside(directory)
            try OutputFile.createDirectory(room)
            defer { try? FileManager.default.removeItem(atPath: room) }
            let path = "\(room)/\(TrainingBase.storeName)"
            let encoding = BaseEncoding(try ModelDirectory(path: basePath), linearFormat: origin.linearFormat)
            try BaseStoreBuilder.build(encoding, to: path, context: context)
            let store = try BaseStore(path: path)
            try check(store, basePath)
            return try body(store)
        }
        guard let path = basePath ?? stores.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw refusal("was trained on the base \(name), which does not lie beside it")
        }
        let store = try BaseStore(path: path)
        try check(store, path)
        try body(store)
    }
}
