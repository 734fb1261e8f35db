import Foundation

/// What is said to people and machines: results on stdout, everything else on stderr.
enum Console {
    static func error(_ text: String) { note("swiftlet: error: \(text)") }

    /// One line on stderr.
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// One line on stdout.
    static func print(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    /// One JSON value on stdout.
    static func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
