internal import Architectures
internal import Buffers
internal import Foundation

/// What lies beside a base store: hashes of all its bytes, so that nothing of it need be trusted before it is read.
package struct BaseStoreManifest: Codable, Equatable, Sendable {
    package static let version = 1

    package let version: Int
    /// Bytes of the store.
    package let fileByteCount: Int
    /// SHA-256 of the description's text.
    package let descriptionHash: String
    /// SHA-256 of all bytes outside the units, which is what HDF5 interprets.
    package let metadataHash: String
    package let units: [Unit]
    /// SHA-256 over all of the above: the name of this base in checkpoints.
    package let hash: String

    /// Where a unit lies in the file, and its hash.
    package struct Unit: Codable, Equatable, Sendable {
        package let unit: String
        package let offset: Int
        package let byteCount: Int
        package let sha256: String

        var range: Range<Int> { offset..<offset + byteCount }
    }

    init(fileByteCount: Int, descriptionHash: String, metadataHash: String, units: [Unit]) {
        version = Self.version
        self.fileByteCount = fileByteCount
        self.descriptionHash = descriptionHash
        self.metadataHash = metadataHash
        self.units = units
        hash = Self.hash(fileByteCount, descriptionHash, metadataHash, units)
    }

    /// `X.base.h5.manifest.json` for `X.base.h5`.
    package static func path(of store: String) -> String { store + ".manifest.json" }

    /// Reads the manifest of a store and checks that it is consistent in itself.
    static func read(of store: String) throws -> BaseStoreManifest {
        let path = path(of: store)
        let data = try Paths.read(path, atMost: 1 << 26, remedy: BaseStore.remedy)
        let manifest = try JSONText.decode(Self.self, data, file: path, remedy: BaseStore.remedy)
        guard manifest.version == version else {
            throw InputError(
                .data, file: path, "has version \(manifest.version), not \(version)", remedy: BaseStore.remedy)
        }
        let own = hash(manifest.fileByteCount, manifest.descriptionHash, manifest.metadataHash, manifest.units)
        guard own == manifest.hash, manifest.isLaidOutInOrder else {
            throw InputError(.data, file: path, "is damaged", remedy: BaseStore.remedy)
        }
        return manifest
    }

    /// Units lie one after the other, on pages, inside the file.
    private var isLaidOutInOrder: Bool {
        var end = 0
        for unit in units {
            guard unit.offset >= end, unit.offset % BaseStore.pageSize == 0, unit.byteCount >= 0,
                let next = Checked.sum(unit.offset, unit.byteCount), next <= fileByteCount
            else { return false }
            end = next
        }
        return true
    }

    private static func hash(
        _ fileByteCount: Int, _ descriptionHash: String, _ metadataHash: String, _ units: [Unit]
    ) -> String {
        let lines =
            ["swiftlet base store \(version)", "\(fileByteCount)", descriptionHash, metadataHash]
            + units.map { "\($0.unit) \($0.offset) \($0.byteCount) \($0.sha256)" }
        return Digest.hex(of: lines.joined(separator: "\n"))
    }

    /// The first part of a file that is not as the manifest has it; nil where all is. Reads every byte.
    func firstDifference(in bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count == fileByteCount else { return "size" }
        let outside = Self.metadata(in: bytes, outside: units.map(\.range))
        guard Digest.hex(of: outside) == metadataHash else { return "metadata" }
        return units.first { Digest.hex(of: UnsafeRawBufferPointer(rebasing: bytes[$0.range])) != $0.sha256 }
            .map { "unit \($0.unit)" }
    }

    /// Gives a store that lies whole and synced at `temporary` its name, with this manifest beside it.
    func put(_ temporary: String, at path: String, _ fileSystem: any FileSystem) throws {
        let manifestPath = Self.path(of: path)
        let temporaryManifest = TemporaryName.beside(manifestPath)
        do {
            try fileSystem.writeNew(temporaryManifest, try JSONText.data(self, pretty: true))
            // Whoever looks between the two renames sees a store whose manifest is missing or another's: refused.
            try fileSystem.rename(temporary, to: path)
            try fileSystem.rename(temporaryManifest, to: manifestPath)
            try fileSystem.synchronizeDirectory(Paths.parent(of: path))
        } catch {
            try? fileSystem.removeFile(temporaryManifest)
            throw error
        }
    }

    /// The bytes of a store that lie outside its units, in order.
    static func metadata(
        in bytes: UnsafeRawBufferPointer, outside units: [Range<Int>]
    ) -> [UnsafeRawBufferPointer] {
        let starts = [0] + units.map(\.upperBound)
        let ends = units.map(\.lowerBound) + [bytes.count]
        return zip(starts, ends).map { UnsafeRawBufferPointer(rebasing: bytes[$0..<$1]) }
    }
}
