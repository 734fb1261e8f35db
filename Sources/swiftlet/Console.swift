import Execution
import Foundation

/// What is said to people and machines: results on stdout, everything else on stderr.
enum Console {
    static func error(_ text: String) { note("swiftlet: error: \(text)") }

    /// One line on stderr.
    static func note(_ text: String) { write(text + "\n", to: .standardError) }

    /// One line on stdout.
    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }

    /// One JSON value on stdout.
    static func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A reader that has gone away (`swiftlet … | head`) ends the process quietly, as it would end any other tool.
    static func write(_ text: String, to handle: FileHandle) {
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            Foundation.exit(handle === FileHandle.standardOutput ? 0 : Execution.ExitCode.bug)
        }
    }
}
