import Buffers

/// Where a value was written: a line of the job file, or an option of the command line.
struct Place: Sendable, Equatable {
    /// The job file; nil for the command line.
    var file: String?
    /// `line 3, column 8`, or `--set lora_r=8`.
    var text: String?
    /// Relative paths are resolved against it; empty: the working directory.
    var directory: String

    func error(_ message: String, remedy: String? = nil) -> InputError {
        InputError(.usage, file: file, place: text, message, remedy: remedy)
    }
}

/// A value with the place where it stands; what it means is decided by the key that reads it.
struct Located: Sendable {
    enum Value: Sendable {
        /// The text of a scalar; quoted text is never a number, a truth value or null.
        case scalar(String, quoted: Bool)
        case list([Located])
        case table([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var keyPlace: Place
        var value: Located
    }

    var value: Value
    var place: Place

    /// Absent: `null`, `~` or nothing.
    var isNull: Bool {
        guard case .scalar(let text, quoted: false) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The text of a scalar that is not quoted; nil for everything else.
    var plainText: String? {
        guard case .scalar(let text, quoted: false) = value else { return nil }
        return text
    }

    /// The text of a scalar, quoted or not.
    var text: String? {
        guard case .scalar(let text, _) = value, !isNull else { return nil }
        return text
    }

    /// The value in words, for errors.
    var found: String {
        switch value {
        case .scalar(let text, quoted: true): "the text \"\(text.prefix(60))\""
        case .scalar(let text, quoted: false): isNull ? "nothing" : "\(text.prefix(60))"
        case .list: "a list"
        case .table: "a table of keys"
        }
    }

    /// What stands here is not what `key` may have.
    func mismatch(_ key: String, allowed: String) -> InputError {
        var remedy: String?
        if case .scalar(let text, quoted: true) = value, Double(text) != nil { remedy = "take the quotes away" }
        return place.error("\(key) must be \(allowed), found \(found)", remedy: remedy)
    }
}
