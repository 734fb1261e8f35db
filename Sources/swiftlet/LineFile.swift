import Buffers
import Foundation

/// A file of JSON lines, there whole or not at all.
enum LineFile {
    static func write(_ rows: [some Encodable], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        for row in rows {
            lines.append(try encoder.encode(row))
            lines.append(UInt8(ascii: "\n"))
        }
        do {
            try lines.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw InputError(.output, file: path, "cannot be written", remedy: "name a file that you may write to")
        }
    }
}
