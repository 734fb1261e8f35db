internal import Architectures
internal import Buffers
internal import Foundation
internal import Quantization

extension BaseStoreDescription {
    /// Reads a description that may be anybody's: nothing is derived from its numbers before they are known to be
    /// sane, and in the end it must be exactly what its architecture and formats give.
    static func decode(_ text: String, file: String) throws -> BaseStoreDescription {
        let read = try JSONText.decode(Self.self, Data(text.utf8), file: file, remedy: BaseStore.remedy)
        func refuse(_ message: String) -> InputError {
            InputError(.data, file: file, place: "description", message, remedy: BaseStore.remedy)
        }
        guard read.version == version else { throw refuse("has version \(read.version), not \(version)") }
        guard read.architecture.hasSaneDimensions, read.architecture.layerCount <= read.tensors.count else {
            throw refuse("the architecture's dimensions make no sense")
        }
        guard read.tensors.allSatisfy({ $0.format.isSane }) else { throw refuse("a format makes no sense") }
        let expected = read.architecture.tensors
        guard expected.map(\.name) == read.tensors.map(\.name) else {
            throw refuse("the tensors are not those of the architecture")
        }
        let derived = BaseStoreDescription(
            architecture: read.architecture, formats: Array(zip(expected, read.tensors.map(\.format))),
            sourceHash: read.sourceHash, tokenizerHash: read.tokenizerHash)
        guard derived == read else { throw refuse("the tensors do not lie where their formats put them") }
        return read
    }
}

extension WeightFormat {
    /// Whether sizes can be derived from a format that a file names.
    fileprivate var isSane: Bool {
        isQuantized ? (1...65_536).contains(blockSize) : blockSize == 0 && !doubleQuantized
    }
}

extension Architecture {
    /// Whether no size that is derived from the dimensions can overflow: each is bounded, and so are their products.
    var hasSaneDimensions: Bool {
        let wide = 1...1 << 24
        let narrow = 1...1 << 12
        return [vocabularySize, hiddenSize, intermediateSize].allSatisfy(wide.contains)
            && [headCount, keyValueHeadCount, headSize].allSatisfy(narrow.contains)
            && (0...1 << 14).contains(layerCount) && headCount % keyValueHeadCount == 0
    }
}
