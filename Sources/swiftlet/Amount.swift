import ArgumentParser
import JobFiles

/// A number with a unit's prefix on the command line: `64G`, `1.5T`, `500M`.
struct Amount: ExpressibleByArgument {
    private let text: String

    init?(argument: String) {
        guard Magnitude.value(of: argument, kilo: 1000) != nil else { return nil }
        text = argument
    }

    /// - Parameter kilo: 1,024 for memory, 1,000 for the speeds of links.
    func value(kilo: Double) -> Double { Magnitude.value(of: text, kilo: kilo) ?? 0 }
}
