extension Job {
    /// One key as the documentation shows it.
    package struct KeyDocumentation: Equatable, Sendable {
        /// Dotted for nested keys.
        package let name: String
        package let allowed: String
        /// Values that are refused as not built yet, in words; empty where there are none.
        package let planned: String
        /// As one would write it; empty where a job must give the key.
        package let standard: String
        package let help: String

        fileprivate var values: String { planned.isEmpty ? allowed : "\(allowed) (not built yet: \(planned))" }
    }

    /// All keys of a job file, from the list that reads them.
    package static var documentation: [KeyDocumentation] {
        JobKey.all.map {
            KeyDocumentation(
                name: $0.name, allowed: $0.allowed, planned: $0.planned, standard: $0.defaultText, help: $0.help)
        }
    }

    /// The documentation as text: two lines a key, for `--help`.
    package static var documentationText: String {
        documentation.map { key in
            let standard = key.standard.isEmpty ? "required" : "default \(key.standard)"
            return "  \(key.name) (\(standard))\n      \(key.help)\n      \(key.values)"
        }.joined(separator: "\n")
    }

    /// The documentation as a table in Markdown.
    package static var documentationTable: String {
        let rows = documentation.map { key in
            let allowed = key.values.replacing("|", with: "\\|")
            let standard = key.standard.isEmpty ? "–" : "`\(key.standard)`"
            return "| `\(key.name)` | \(standard) | \(key.help.replacing("|", with: "\\|")) | \(allowed) |"
        }
        return (["| Key | Default | What it is | What it may be |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }
}
