import Buffers

/// One key of a job file: its name, what it may be, and how it goes into and out of a job.
struct JobKey: Sendable {
    /// Dotted for nested keys: `quantization.format`.
    let name: String
    /// What a value may be, in words that follow "must be".
    let allowed: String
    /// Values that are refused as not built yet, in words.
    let planned: String
    let help: String
    /// Whether a run may only be resumed with the value it began with, because the value changes bits.
    let binds: Bool
    let read: @Sendable (Located, inout Job) throws -> Void
    let write: @Sendable (Job) -> JobValue

    init(
        _ name: String, allowed: String, planned: String = "", help: String, binds: Bool,
        read: @escaping @Sendable (Located, inout Job) throws -> Void,
        write: @escaping @Sendable (Job) -> JobValue
    ) {
        self.name = name
        self.allowed = allowed
        self.planned = planned
        self.help = help
        self.binds = binds
        self.read = read
        self.write = write
    }

    /// The default, as one would write it; empty where there is none.
    var defaultText: String {
        switch name {
        case "base_model", "datasets": ""
        case "output_dir": "out/NAME of the job file"
        default: write(Job()).description
        }
    }
}

typealias JobPath<Value> = any WritableKeyPath<Job, Value> & Sendable

extension JobKey {
    static func integer(
        _ name: String, _ path: JobPath<Int>, _ range: ClosedRange<Int>, binds: Bool = false, nullIs: Int? = nil,
        _ help: String
    ) -> JobKey {
        let allowed = wording(range)
        return JobKey(name, allowed: allowed, help: help, binds: binds) { value, job in
            if value.isNull {
                job[keyPath: path] = nullIs ?? Job()[keyPath: path]
            } else {
                job[keyPath: path] = try value.integer(name, in: range, allowed: allowed)
            }
        } write: {
            .integer($0[keyPath: path])
        }
    }

    /// An integer that may be left to the program (`auto`), or absent (`null`).
    static func optionalInteger(
        _ name: String, _ path: JobPath<Int?>, _ range: ClosedRange<Int>, absent: JobValue, binds: Bool = false,
        _ help: String
    ) -> JobKey {
        let allowed = "\(absent) or \(wording(range))"
        return JobKey(name, allowed: allowed, help: help, binds: binds) { value, job in
            if value.isNull || value.text == absent.description {
                job[keyPath: path] = nil
            } else {
                job[keyPath: path] = try value.integer(name, in: range, allowed: allowed)
            }
        } write: {
            $0[keyPath: path].map(JobValue.integer) ?? absent
        }
    }

    static func number(
        _ name: String, _ path: JobPath<Double>, _ allowed: String, binds: Bool = false, nullIs: Double? = nil,
        _ help: String, where isAllowed: @escaping @Sendable (Double) -> Bool
    ) -> JobKey {
        JobKey(name, allowed: allowed, help: help, binds: binds) { value, job in
            if value.isNull {
                job[keyPath: path] = nullIs ?? Job()[keyPath: path]
            } else {
                guard let number = value.number, isAllowed(number) else { throw value.mismatch(name, allowed: allowed) }
                job[keyPath: path] = number
            }
        } write: {
            .number($0[keyPath: path])
        }
    }

    static func bool(_ name: String, _ path: JobPath<Bool>, binds: Bool = false, _ help: String) -> JobKey {
        JobKey(name, allowed: "true or false", help: help, binds: binds) { value, job in
            job[keyPath: path] = value.isNull ? Job()[keyPath: path] : try value.bool(name, allowed: "true or false")
        } write: {
            .bool($0[keyPath: path])
        }
    }

    /// One of the names of a type; names that are not built yet are refused.
    static func choice<Choice: PartlyBuilt>(
        _ name: String, _ path: JobPath<Choice>, binds: Bool = false, _ help: String
    ) -> JobKey {
        JobKey(name, allowed: Choice.wording, planned: Choice.plannedWording, help: help, binds: binds) { value, job in
            job[keyPath: path] = value.isNull ? Job()[keyPath: path] : try value.choice(name, allowed: Choice.wording)
        } write: {
            .text($0[keyPath: path].rawValue)
        }
    }

    /// One of the names of a type, or what stands for none of them: `auto` or `null`.
    static func optionalChoice<Choice: PartlyBuilt>(
        _ name: String, _ path: JobPath<Choice?>, absent: JobValue, binds: Bool = false, _ help: String
    ) -> JobKey {
        let allowed = ["\(absent)", Choice.wording].filter { !$0.isEmpty }.joined(separator: " | ")
        return JobKey(name, allowed: allowed, planned: Choice.plannedWording, help: help, binds: binds) { value, job in
            if value.isNull || value.text == absent.description {
                job[keyPath: path] = nil
            } else {
                job[keyPath: path] = try value.choice(name, allowed: allowed)
            }
        } write: {
            JobValue($0[keyPath: path]?.rawValue) == .null ? absent : JobValue($0[keyPath: path]?.rawValue)
        }
    }

    /// A path, relative to where it was written.
    static func optionalPath(_ name: String, _ path: JobPath<String?>, _ help: String) -> JobKey {
        let allowed = "null or a path"
        return JobKey(name, allowed: allowed, help: help, binds: false) { value, job in
            guard !value.isNull else {
                job[keyPath: path] = nil
                return
            }
            job[keyPath: path] = try value.path(name, allowed: allowed)
        } write: {
            JobValue($0[keyPath: path])
        }
    }

    private static func wording(_ range: ClosedRange<Int>) -> String {
        range.upperBound >= JobKey.unbounded
            ? "a whole number from \(range.lowerBound)"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }

    /// An upper end that is only there so that products of a few such numbers fit.
    static let unbounded = 1 << 40
}
