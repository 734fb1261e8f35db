package import Architectures
internal import Buffers
internal import Foundation
package import Quantization

/// What a base store holds, without the bytes: the architecture, each tensor's format and place, where it came from.
///
/// Its JSON is the attribute `description` of the store's root: the truth for machines. The same model in the same
/// formats gives the same text in every process.
package struct BaseStoreDescription: Codable, Equatable, Sendable {
    package static let version = 1

    package let version: Int
    package let architecture: Architecture
    /// Hash of the model that was read.
    package let sourceHash: String
    /// Hash of its tokenizer.json; empty where there was none.
    package let tokenizerHash: String
    /// In the order in which they lie: unit by unit, as `Architecture.tensors`.
    package let tensors: [TensorRecord]

    /// Lays out all tensors of `architecture`; `formats` names each once, in any order.
    package init(
        architecture: Architecture, formats: [(BaseTensor, WeightFormat)], sourceHash: String, tokenizerHash: String
    ) {
        let chosen = Dictionary(formats.map { ($0.0, $0.1) }) { _, _ in
            preconditionFailure("a tensor has two formats")
        }
        version = Self.version
        self.architecture = architecture
        self.sourceHash = sourceHash
        self.tokenizerHash = tokenizerHash
        tensors = architecture.units.flatMap { unit in
            var offset = 0
            return architecture.tensors(of: unit).map { tensor in
                guard let format = chosen[tensor] else { preconditionFailure("\(tensor.name) has no format") }
                let record = TensorRecord(tensor, format: format, offset: offset)
                offset += record.byteCount
                return record
            }
        }
        precondition(chosen.count == tensors.count, "a format is named for a tensor that the architecture lacks")
    }

    /// Bytes of a unit: its tensors, padded to whole pages.
    package func byteCount(of unit: UnitID) -> Int {
        let end = tensors.last { $0.unit == unit.description }.map { $0.offset + $0.byteCount } ?? 0
        return end.roundedUp(toMultipleOf: BaseStore.pageSize)
    }

    /// Where the tensors of each unit lie in its bytes; in the order of the units.
    package var layouts: [UnitLayout] {
        let formats = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.format) })
        return architecture.units.map { unit in
            UnitLayout(
                unit: unit,
                tensors: architecture.tensors(of: unit).map { tensor in
                    guard let format = formats[tensor.name] else { preconditionFailure("\(tensor.name) has no format") }
                    return (tensor, format)
                })
        }
    }

    /// The text of the attribute.
    func encoded() throws -> String {
        guard var object = try JSONValue(encoding: self).object, var inner = object["architecture"]?.object else {
            preconditionFailure("a description is encoded as an object")
        }
        // A set is encoded in an order that changes from process to process.
        if case .array(let roles) = inner["biasedLinears"] {
            inner["biasedLinears"] = .array(roles.sorted { ($0.text ?? "") < ($1.text ?? "") })
        }
        object["architecture"] = .object(inner)
        return String(decoding: try JSONText.data(JSONValue.object(object)), as: UTF8.self)
    }
}
