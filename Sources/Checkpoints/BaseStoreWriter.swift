package import Architectures
internal import Buffers
package import Foundation
internal import HDF5
internal import Quantization

/// Writes a new base store, tensor by tensor, under a temporary name; `finish` puts it in its place.
///
/// Memory is bounded by the largest tensor that the caller holds. Two processes may write the same store at once: each
/// has its own temporary file, and equal content gives equal bytes. Used by one thread at a time.
package final class BaseStoreWriter {
    private let file: UnnamedStore
    private let description: BaseStoreDescription
    private let descriptionText: String
    private let layout: BaseStoreSchema.Layout
    private let records: [String: TensorRecord]
    private var missing: Set<String>

    /// Lays the store out and allots its space.
    ///
    /// - Parameters:
    ///   - path: where the finished store will lie, by convention `*.base.h5`.
    ///   - files: small files to keep inside, by name: `config.json`, `tokenizer.json` …
    /// - Throws: `InputError` of kind `.output` where it cannot be written or there is not enough space.
    package init(
        path: String, description: BaseStoreDescription, files: [String: Data] = [:],
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws {
        for stale in TemporaryName.stale(beside: path) { try? fileSystem.removeFile(stale) }
        self.description = description
        descriptionText = try description.encoded()
        let temporary = TemporaryName.beside(path)
        records = Dictionary(uniqueKeysWithValues: description.tensors.map { ($0.name, $0) })
        missing = Set(records.keys)
        // Our own layer makes the file first: it knows how to say why a file cannot be made.
        try fileSystem.create(temporary).close()
        do {
            let names = files.sorted { $0.key < $1.key }.map { ($0.key, $0.value.count) }
            layout = try BaseStoreSchema.create(
                path: temporary, description: description, text: descriptionText, files: names)
            let output = try fileSystem.open(temporary)
            file = UnnamedStore(output, at: temporary, for: path, fileSystem: fileSystem)
            try output.reserve(byteCount: Paths.byteCount(temporary) ?? 0)
            for (name, data) in files {
                guard let range = layout.files[name], !range.isEmpty else { continue }
                try data.withUnsafeBytes { try output.write($0, at: range.lowerBound) }
            }
        } catch {
            try? fileSystem.removeFile(temporary)
            throw (error as? HDF5Error).map(InputError.notWritten) ?? error
        }
    }

    /// Writes one tensor: its bytes as `WeightFormat.parts(elementCount:)` lays them out. Each is written once.
    package func write(_ tensor: BaseTensor, bytes: UnsafeRawBufferPointer) throws {
        guard let record = records[tensor.name], let unit = layout.units[record.unit] else {
            preconditionFailure("\(tensor.name) is not in this store")
        }
        precondition(bytes.count == record.byteCount, "\(tensor.name) has \(record.byteCount) bytes")
        precondition(missing.remove(tensor.name) != nil && !file.isOver, "\(tensor.name) is written twice")
        try file.output.write(bytes, at: unit.lowerBound + record.offset)
    }

    /// Hashes what was written, brings it to the disk, and gives it its name, with the manifest beside it.
    /// - Returns: the hash of the store.
    @discardableResult
    package func finish() throws -> String {
        precondition(missing.isEmpty, "\(missing.count) tensors are not written")
        return try file.finish(manifest).hash
    }

    private func manifest() throws -> BaseStoreManifest {
        let map = try MemoryMap(path: file.temporary)
        let units = description.architecture.units.map(\.description).map { name in
            let range = layout.units[name] ?? 0..<0
            let hash = Digest.hex(of: UnsafeRawBufferPointer(rebasing: map.bytes[range]))
            // What was hashed is not needed again: it must not count as memory of ours.
            map.dontNeed(range)
            return BaseStoreManifest.Unit(
                unit: name, offset: range.lowerBound, byteCount: range.count, sha256: hash)
        }
        // The map must outlive what points into it.
        let metadataHash = withExtendedLifetime(map) {
            Digest.hex(of: BaseStoreManifest.metadata(in: map.bytes, outside: units.map(\.range)))
        }
        return BaseStoreManifest(
            fileByteCount: map.bytes.count, descriptionHash: Digest.hex(of: descriptionText),
            metadataHash: metadataHash, units: units)
    }
}
