import Buffers
import Foundation

extension Located {
    /// The value as a whole number, written as digits (`_` between them is allowed).
    func integer(_ key: String, in range: ClosedRange<Int>, allowed: String) throws -> Int {
        guard let text = plainText, let value = Int(text.replacing("_", with: "")), range.contains(value) else {
            throw mismatch(key, allowed: allowed)
        }
        return value
    }

    /// The value as a finite number; `2e-4` is one, though not for every YAML reader.
    var number: Double? {
        guard let text = plainText, let first = text.first, first.isNumber || "+-.".contains(first),
            let value = Double(text.replacing("_", with: "")), value.isFinite
        else { return nil }
        return value
    }

    func bool(_ key: String, allowed: String) throws -> Bool {
        switch plainText?.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw mismatch(key, allowed: allowed)
        }
    }

    func choice<Choice: PartlyBuilt>(_ key: String, allowed: String) throws -> Choice {
        guard let name = text?.lowercased(), let choice = Choice(rawValue: Choice.synonyms[name] ?? name) else {
            throw mismatch(key, allowed: allowed)
        }
        if Choice.notBuiltYet.contains(choice.rawValue) {
            throw place.error("\(key): \(choice.rawValue) is not built yet", remedy: "use \(Choice.builtWording)")
        }
        return choice
    }

    /// The value as a path, relative to where it was written; `~/` is the home directory.
    func path(_ key: String, allowed: String) throws -> String {
        guard let text, !text.isEmpty, !text.utf8.contains(0) else { throw mismatch(key, allowed: allowed) }
        return Located.resolve(text, in: place.directory)
    }

    static func resolve(_ path: String, in directory: String) -> String {
        var whole = path
        if path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
            whole = home + path.dropFirst()
        } else if !path.hasPrefix("/"), !directory.isEmpty {
            whole = directory + "/" + path
        }
        // `..` stays: taking it out would be wrong where the part before it is a link.
        let parts = whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return whole.hasPrefix("/") ? "/" + parts : parts.isEmpty ? "." : parts
    }
}

extension PartlyBuilt {
    private static var built: [String] { allCases.map(\.rawValue).filter { !notBuiltYet.contains($0) } }

    /// The names that are built, in words that follow "must be".
    static var wording: String { built.joined(separator: " | ") }

    /// The names that are built, in words that follow "use".
    static var builtWording: String { built.isEmpty ? "null" : built.joined(separator: " or ") }

    /// The names that are not built yet.
    static var plannedWording: String {
        allCases.map(\.rawValue).filter(notBuiltYet.contains).joined(separator: ", ")
    }
}
