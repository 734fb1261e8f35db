package import Architectures
import Buffers
import Foundation
package import Quantization
import Sharding

/// A base of random weights in the bytes of a real one, for benchmarks: same layout, same formats, same size.
///
/// The bytes lie in an unlinked temporary file that is mapped like a base store, so that memory figures mean the same.
package final class SyntheticBase: UnitSource {
    private let layouts: [UnitID: UnitLayout]
    private let offsets: [UnitID: Int]
    private let map: MemoryMap

    /// - Parameters:
    ///   - linearFormat: how the linear layers of the blocks are stored.
    ///   - otherFormat: how embedding, norms and head are stored.
    package convenience init(
        _ architecture: Architecture, linearFormat: WeightFormat, otherFormat: WeightFormat = .bf16, seed: UInt64 = 0
    ) throws {
        try self.init(
            Self.layouts(architecture, linearFormat: linearFormat, otherFormat: otherFormat), seed: seed)
    }

    /// - Parameter units: all units of a base.
    package init(_ units: [UnitLayout], seed: UInt64 = 0) throws {
        var layouts: [UnitID: UnitLayout] = [:]
        var offsets: [UnitID: Int] = [:]
        var total = 0
        for layout in units {
            layouts[layout.unit] = layout
            offsets[layout.unit] = total
            total += layout.byteCount
        }
        self.layouts = layouts
        self.offsets = offsets
        map = try Self.file(byteCount: total) { descriptor in
            for layout in units {
                guard let offset = offsets[layout.unit] else { continue }
                try Self.write(layout, at: offset, seed: seed, to: descriptor)
            }
        }
    }

    /// How the units of such a base lie, in their order.
    package static func layouts(
        _ architecture: Architecture, linearFormat: WeightFormat, otherFormat: WeightFormat = .bf16
    ) -> [UnitLayout] {
        architecture.units.map { unit in
            UnitLayout(
                unit: unit,
                tensors: architecture.tensors(of: unit).map { tensor in
                    (tensor: tensor, format: tensor.role.linear == nil ? otherFormat : linearFormat)
                })
        }
    }

    package func layout(of unit: UnitID) -> UnitLayout {
        guard let layout = layouts[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return layout
    }

    private func range(of unit: UnitID) -> Range<Int> {
        guard let offset = offsets[unit] else { preconditionFailure("\(unit) is not a unit of this model") }
        return offset..<offset + layout(of: unit).byteCount
    }

    package func bytes(of unit: UnitID) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: map.bytes[range(of: unit)])
    }

    package func willNeed(_ unit: UnitID) { map.willNeed(range(of: unit)) }

    package func dontNeed(_ unit: UnitID, part: Range<Int>) {
        let first = range(of: unit).lowerBound
        map.dontNeed(first + part.lowerBound..<first + part.upperBound)
    }

    private static func file(byteCount: Int, fill: (Int32) throws -> Void) throws -> MemoryMap {
        let path = FileManager.default.temporaryDirectory.path + "/swiftlet-bench-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw InputError(.output, file: path, "cannot be created", remedy: "set TMPDIR to a writable directory")
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else {
            throw InputError(.capacity, file: path, "has no room for \(byteCount) bytes", remedy: "set TMPDIR")
        }
        try fill(descriptor)
        return try MemoryMap(path: path)
    }

    private static func write(_ layout: UnitLayout, at offset: Int, seed: UInt64, to descriptor: Int32) throws {
        for (number, entry) in layout.entries.enumerated() {
            var random = SplitMix64(state: seed &+ UInt64(offset &+ number))
            for part in entry.format.parts(elementCount: entry.tensor.elementCount) {
                // Piece by piece: a benchmark's peak is that of its steps.
                for first in stride(from: 0, to: part.count, by: pieceLength) {
                    let bytes = Self.bytes(
                        part, count: min(pieceLength, part.count - first), role: entry.tensor.role, &random)
                    let start = offset + entry.offset + part.offset + first * part.type.byteCount
                    let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(start)) }
                    guard written == bytes.count else {
                        throw InputError(.output, "a temporary file could not be written", remedy: "set TMPDIR")
                    }
                }
            }
        }
    }

    private static let pieceLength = 1 << 18

    /// Values such that weights have a spread of about 0.02, like an untrained model's; norms are 1.
    private static func bytes(
        _ part: PartLayout, count: Int, role: TensorRole, _ random: inout SplitMix64
    ) -> [UInt8] {
        switch (part.part, part.type) {
        case (.codes, .uint8):
            return raw(count: count) { random.next() }
        case (.codes, let type):
            let isNorm = [.inputNorm, .postAttentionNorm, .finalNorm].contains(role)
            return values(count: count, type) {
                isNorm ? 1 : (Float(random.next() >> 40) * 0x1p-24 - 0.5) * 0.07
            }
        case (.scales, .uint8):
            return raw(count: count) { random.next() }
        case (.scales, _):
            return values(count: count, .float32) { 0.05 }
        case (.nestedScales, _):
            return values(count: count, .float32) { 0.01 }
        case (.scaleOffset, _):
            return values(count: count, .float32) { 0.05 }
        }
    }

    private static func raw(count: Int, _ next: () -> UInt64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count.roundedUp(toMultipleOf: 8)) { buffer, initialized in
            let words = UnsafeMutableRawBufferPointer(buffer).bindMemory(to: UInt64.self)
            for index in words.indices { words[index] = next() }
            initialized = count
        }
    }

    private static func values(count: Int, _ type: ScalarType, _ next: () -> Float) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count * type.byteCount)
        bytes.withUnsafeMutableBytes { buffer in
            for index in 0..<count {
                switch type {
                case .float32:
                    buffer.storeBytes(of: next().bitPattern, toByteOffset: index * 4, as: UInt32.self)
                case .bfloat16:
                    buffer.storeBytes(of: BFloat16(next()).bitPattern, toByteOffset: index * 2, as: UInt16.self)
                case .float16:
                    buffer.storeBytes(of: Float16(next()).bitPattern, toByteOffset: index * 2, as: UInt16.self)
                default:
                    preconditionFailure("weights are not stored as \(type)")
                }
            }
        }
        return bytes
    }
}

/// A fast sequence of 64-bit numbers. Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
/// generators".
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
