import ArgumentParser

/// One value on the command line, or several with commas between them; at least one.
struct Listed<Value: ExpressibleByArgument>: ExpressibleByArgument {
    let values: [Value]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        values = parts.compactMap { $0.isEmpty ? nil : Value(argument: $0) }
        guard values.count == parts.count else { return nil }
    }
}
