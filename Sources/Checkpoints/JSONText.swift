internal import Buffers
internal import Foundation

/// JSON as we write it: keys in order, so that equal values give equal bytes.
enum JSONText {
    static func data(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return try encoder.encode(value)
    }

    /// - Throws: `InputError` of kind `.data` that names the key at fault.
    static func decode<T: Decodable>(_ type: T.Type, _ data: Data, file: String, remedy: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw InputError(.data, file: file, place: place(of: error), "is not as it should be", remedy: remedy)
        }
    }

    private static func place(of error: DecodingError) -> String? {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: nil
            }
        let keys = (context?.codingPath ?? []).map(\.stringValue)
        return keys.isEmpty ? nil : keys.joined(separator: ".")
    }
}
