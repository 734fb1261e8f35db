import Foundation
import Testing
import Tokenizers

/// The files of `Fixtures`.
enum Fixtures {
    struct Case: Decodable {
        var text: String
        var ids: [Int32]
        var idsWithSpecial: [Int32]
        var decoded: String
        var decodedSkipSpecial: String
    }

    static func url(_ path: String) throws -> URL {
        let base = try #require(Bundle.module.resourceURL)
        return base.appendingPathComponent("Fixtures").appendingPathComponent(path)
    }

    static func read<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: url(path)))
    }
}

/// Swift compares strings by canonical equivalence; tokenizers do not.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Reads a tokenizer.json that is given as text, under a name of its own in a folder of its own.
func makeTokenizer(_ json: String, beside files: [String: String] = [:]) throws -> Tokenizer {
    try withFiles(["tokenizer.json": Data(json.utf8)].merging(files.mapValues { Data($0.utf8) }) { $1 }) {
        try Tokenizer(directory: $0)
    }
}

/// Runs `body` in a fresh folder with these files in it.
func withFiles<Result>(_ files: [String: Data], _ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
    return try body(folder)
}
