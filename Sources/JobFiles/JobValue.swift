/// A value as JSON has it: what a key of a job is written as.
enum JobValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([JobValue])
    case table([String: JobValue])
}

extension JobValue {
    init(_ value: Int?) { self = value.map(JobValue.integer) ?? .null }
    init(_ value: String?) { self = value.map(JobValue.text) ?? .null }

    /// What stands for a nil that means `auto`.
    static let auto = JobValue.text("auto")
}

extension JobValue: CustomStringConvertible {
    /// As one would write it in a job file.
    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        case .text(let value): value
        case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
        case .table(let values):
            "{\(values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        }
    }
}

extension JobValue: Codable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .table(let values): try container.encode(values)
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let values = try? container.decode([JobValue].self) {
            self = .list(values)
        } else {
            self = .table(try container.decode([String: JobValue].self))
        }
    }
}

extension Located {
    /// A value that was written by `JobKey.write`, to be read again.
    init(_ value: JobValue, place: Place) {
        self.place = place
        switch value {
        case .null: self.value = .scalar("null", quoted: false)
        case .bool(let value): self.value = .scalar("\(value)", quoted: false)
        case .integer(let value): self.value = .scalar("\(value)", quoted: false)
        case .number(let value): self.value = .scalar("\(value)", quoted: false)
        case .text(let value): self.value = .scalar(value, quoted: true)
        case .list(let values): self.value = .list(values.map { Located($0, place: place) })
        case .table(let values):
            self.value = .table(
                values.sorted { $0.key < $1.key }.map {
                    Entry(key: $0.key, keyPlace: place, value: Located($0.value, place: place))
                })
        }
    }
}
