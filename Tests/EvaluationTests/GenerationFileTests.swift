import Buffers
import Evaluation
import Foundation
import Testing

@Suite("The file of a generation")
struct GenerationFileTests {
    private let keys = (0..<5).map { GenerationLine.key(settings: "some", prompt: [Int32($0)]) }

    private func line(_ row: Int) -> GenerationLine {
        GenerationLine(
            row: row, key: keys[row], prompt: "p\(row)", text: "a \"text\"\nof two lines é", ids: [Int32(row), 2],
            stop: .length)
    }

    private func lines(_ path: String) throws -> [GenerationLine] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(GenerationLine.self, from: Data($0.utf8))
        }
    }

    @Test("Lines come back as they were written, each on one line, and a second run goes on behind them")
    func goesOn() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let file = try GenerationFile(path: path, keys: keys)
            #expect(file.lineCount == 0)
            try file.append([line(0), line(1)])
            try file.append([])
            #expect(file.lineCount == 2)
        }
        let file = try GenerationFile(path: path, keys: keys)
        #expect(file.lineCount == 2)
        try file.append([line(2)])
        try file.synchronize()
        #expect(try lines(path) == [line(0), line(1), line(2)])
    }

    @Test("Wherever a crash cut the file, whole lines are kept and the rest is made anew")
    func cut() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        do { try GenerationFile(path: path, keys: keys).append([line(0), line(1), line(2)]) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in stride(from: 0, through: whole.count, by: 7) {
            try whole[..<length].write(to: URL(fileURLWithPath: path))
            let file = try GenerationFile(path: path, keys: keys)
            #expect(file.lineCount == whole[..<length].count { $0 == UInt8(ascii: "\n") })
            try file.append((file.lineCount..<3).map(line))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        }
    }

    @Test("Lines of other settings, of other prompts or of something else are refused with their place")
    func refusals() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        do { try GenerationFile(path: path, keys: keys).append([line(0), line(1)]) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        func expectRefusal(_ keys: [String], _ place: String, sourceLocation: SourceLocation = #_sourceLocation) throws
        {
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
                _ = try GenerationFile(path: path, keys: keys)
            }
            #expect(error?.kind == .usage && error?.place == place, sourceLocation: sourceLocation)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, sourceLocation: sourceLocation)
        }
        try expectRefusal([keys[0], keys[2]], "line 2")
        try expectRefusal([keys[0]], "line 2")
        try expectRefusal([], "line 1")
        try Data("hello\n".utf8).write(to: URL(fileURLWithPath: path))
        try expectRefusal(keys, "line 1")
        try (whole + whole).write(to: URL(fileURLWithPath: path))
        try expectRefusal(keys + keys, "line 3")
    }

    @Test("Two runs do not write to one file")
    func locked() throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try GenerationFile(path: path, keys: keys)
        let error = #expect(throws: InputError.self) { _ = try GenerationFile(path: path, keys: keys) }
        #expect(error?.kind == .output)
        try file.append([line(0)])
    }

    @Test("A place that cannot be written is told")
    func unwritable() {
        let error = #expect(throws: InputError.self) {
            _ = try GenerationFile(path: "/proc/nothing/here.jsonl", keys: keys)
        }
        #expect(error?.kind == .output)
    }

    @Test("A key changes with the settings and with the prompt")
    func keyChanges() {
        let key = GenerationLine.key(settings: "a", prompt: [1, 23])
        #expect(key.count == 16)
        #expect(key == GenerationLine.key(settings: "a", prompt: [1, 23]))
        #expect(key != GenerationLine.key(settings: "b", prompt: [1, 23]))
        #expect(key != GenerationLine.key(settings: "a", prompt: [12, 3]))
    }
}
