package import Architectures
internal import Buffers
internal import HDF5
package import Quantization

/// A finished base store, mapped into memory: all ranks of a node share its pages. It is never changed in place.
///
/// Opening checks the manifest, the file's size, the bytes that HDF5 interprets, and that every tensor lies where its
/// format puts it. The units' own bytes are checked by `verify()`.
package final class BaseStore: Sendable {
    /// Units begin at multiples of this many bytes, and are as long.
    package static let pageSize = 4096
    static let remedy = "make the store anew with `swiftlet quantize`"

    package let path: String
    package let description: BaseStoreDescription
    package let manifest: BaseStoreManifest
    private let map: MemoryMap
    private let units: [UnitID: Range<Int>]
    private let files: [String: Range<Int>]
    private let tensors: [String: Place]

    private struct Place {
        let offset: Int
        let byteCount: Int
        let format: WeightFormat
    }

    package var architecture: Architecture { description.architecture }
    /// Names this base in checkpoints: SHA-256 over its description and all its units.
    package var hash: String { manifest.hash }
    package var sourceHash: String { description.sourceHash }
    package var tokenizerHash: String { description.tokenizerHash }

    /// Opens and maps a store.
    /// - Throws: `InputError` of kind `.data`.
    package init(path: String) throws {
        let manifest = try BaseStoreManifest.read(of: path)
        let map = try MemoryMap(path: path)
        func refuse(_ message: String) -> InputError {
            InputError(.data, file: path, message, remedy: Self.remedy)
        }
        guard map.bytes.count == manifest.fileByteCount else {
            throw refuse("has \(map.bytes.count) bytes where its manifest says \(manifest.fileByteCount)")
        }
        let outside = BaseStoreManifest.metadata(in: map.bytes, outside: manifest.units.map(\.range))
        guard Digest.hex(of: outside) == manifest.metadataHash else {
            throw refuse("is not the file that its manifest describes")
        }
        let (text, layout): (String, BaseStoreSchema.Layout)
        do {
            (text, layout) = try BaseStoreSchema.read(path: path)
        } catch {
            throw InputError.unreadable(error, remedy: Self.remedy)
        }
        // The file was opened twice; should another have taken its name in between, this tells.
        guard Digest.hex(of: text) == manifest.descriptionHash else { throw refuse("changed while it was opened") }
        let description = try BaseStoreDescription.decode(text, file: path)
        var units: [UnitID: Range<Int>] = [:]
        for unit in description.architecture.units {
            guard let range = layout.units[unit.description], range.count == description.byteCount(of: unit),
                manifest.units.contains(where: { $0.unit == unit.description && $0.range == range })
            else { throw refuse("unit \(unit) does not lie where it should") }
            units[unit] = range
        }
        guard units.count == manifest.units.count,
            layout.files.values.allSatisfy({ $0.upperBound <= map.bytes.count })
        else { throw refuse("holds units or files that do not belong there") }
        self.path = path
        self.description = description
        self.manifest = manifest
        self.map = map
        self.units = units
        files = layout.files
        tensors = Self.places(description, layout)
    }

    private static func places(_ description: BaseStoreDescription, _ layout: BaseStoreSchema.Layout) -> [String: Place]
    {
        Dictionary(
            uniqueKeysWithValues: description.tensors.map { tensor in
                let start = layout.units[tensor.unit]?.lowerBound ?? 0
                return (
                    tensor.name,
                    Place(offset: start + tensor.offset, byteCount: tensor.byteCount, format: tensor.format)
                )
            })
    }

    private func place(of tensor: BaseTensor) -> Place {
        guard let place = tensors[tensor.name] else { preconditionFailure("\(tensor.name) is not in this store") }
        return place
    }

    private func range(of unit: UnitID) -> Range<Int> {
        guard let range = units[unit] else { preconditionFailure("\(unit) is not in this store") }
        return range
    }

    /// All bytes of a unit, padding included; valid as long as the store lives.
    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: map.bytes[range(of: unit)])
    }

    /// The first byte of a tensor, counted from its unit's first; a multiple of 64.
    package func offsetInUnit(of tensor: BaseTensor) -> Int {
        place(of: tensor).offset - range(of: tensor.unit).lowerBound
    }

    /// The format in which a tensor lies.
    package func format(of tensor: BaseTensor) -> WeightFormat { place(of: tensor).format }

    /// A tensor where it lies; valid as long as the store lives.
    package func weight(_ tensor: BaseTensor) -> WeightView {
        let place = place(of: tensor)
        let bytes = map.bytes[place.offset..<place.offset + place.byteCount]
        return WeightView(
            format: place.format, rows: tensor.rows, columns: tensor.columns,
            bytes: UnsafeRawBufferPointer(rebasing: bytes))
    }

    /// Names of the files kept inside: `config.json`, `tokenizer.json` …
    package var fileNames: [String] { files.keys.sorted() }

    /// The content of a file kept inside.
    package func file(named name: String) -> [UInt8]? {
        files[name].map { Array(map.bytes[$0]) }
    }

    /// Lends a run of the file's bytes, whatever they are; its pages are given back afterwards.
    package func withFileBytes<Result>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        defer { map.dontNeed(range) }
        return try map.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Asks the kernel to read a unit ahead of its use.
    package func willNeed(_ unit: UnitID) { map.willNeed(range(of: unit)) }

    /// Tells the kernel that some bytes of a unit will not be used again soon.
    package func dontNeed(_ unit: UnitID, part: Range<Int>) {
        let unit = range(of: unit)
        precondition(part.lowerBound >= 0 && part.upperBound <= unit.count)
        map.dontNeed(unit.lowerBound + part.lowerBound..<unit.lowerBound + part.upperBound)
    }

    /// Reads every byte and compares the hashes.
    /// - Throws: `InputError` of kind `.data` that names the first unit that differs.
    package func verify() throws {
        guard let place = map.withBytes(manifest.firstDifference) else { return }
        throw InputError(.data, file: path, place: place, "the bytes are damaged", remedy: Self.remedy)
    }
}
