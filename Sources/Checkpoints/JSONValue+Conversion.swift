internal import Foundation

extension JSONValue {
    /// Any encodable value as JSON.
    package init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: JSONText.data(value))
    }

    /// JSON text as a value.
    package init(text: String) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    /// This value as another type.
    package func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: JSONText.data(self))
    }
}
