/// A value of a JSON file from the outside. Numbers keep their text until somebody says what they should be.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The number as an integer; nil where it is none, or none that fits (`2.0` counts as 2).
    package var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap(Int.init(exactly:))
    }

    /// The number as a finite floating-point value.
    package var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// The members of a JSON object in the order of the file.
///
/// Keys are told apart by their bytes: Swift strings that are canonically equivalent are equal, names in files are not.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSONValue)] = []
    private var slots: [[UInt8]: Int] = [:]

    package init() {}

    /// The value of a key; nil where the object lacks it.
    package subscript(key: String) -> JSONValue? { slots[Array(key.utf8)].map { members[$0].value } }

    /// Adds a member; false where the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        let bytes = Array(key.utf8)
        guard slots[bytes] == nil else { return false }
        slots[bytes] = members.count
        members.append((key, value))
        return true
    }
}
