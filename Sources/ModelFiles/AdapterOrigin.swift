import Foundation
package import Quantization

/// The base that an adapter was trained on: it lies in the header of the adapter's weights, where PEFT does not mind it
/// and no copy of the adapter loses it.
package struct AdapterOrigin: Equatable, Sendable {
    /// `BaseStore.hash`.
    package let baseHash: String
    /// The format of the base's linear layers; nil: as the model's files store them.
    package let linearFormat: WeightFormat?

    private static let hashKey = "swiftlet.base_hash"
    private static let formatKey = "swiftlet.base_format"

    package init(baseHash: String, linearFormat: WeightFormat?) {
        self.baseHash = baseHash
        self.linearFormat = linearFormat
    }

    /// Reads the origin from a safetensors header; nil where another program wrote it, or saved the adapter again.
    init?(metadata: [String: String]) {
        guard let hash = metadata[Self.hashKey] else { return nil }
        baseHash = hash
        linearFormat = metadata[Self.formatKey].flatMap {
            try? JSONDecoder().decode(WeightFormat.self, from: Data($0.utf8))
        }
    }

    var metadata: [(String, String)] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let format = linearFormat.flatMap { try? encoder.encode($0) }.map { String(decoding: $0, as: UTF8.self) }
        return [(Self.hashKey, baseHash)] + (format.map { [(Self.formatKey, $0)] } ?? [])
    }
}
