import Architectures
import Buffers
import Checkpoints
import Foundation
import SwiftletTestSupport
import Testing

@Suite("Checkpoints that are not whole")
struct CheckpointDamageTests {
    @Test("a flipped bit in any file is found, and the one before is taken", arguments: 0..<12)
    func flipped(number: Int) throws {
        try withTemporaryDirectory { directory in
            try save(directory, step: 1, ranks: 2)
            let path = try save(directory, step: 2, ranks: 2)
            for name in ["manifest.json", "part-00000-of-00002.h5", "part-00001-of-00002.h5"] {
                let file = path + "/" + name
                let offset = number * (try size(of: file) - 1) / 11
                try flipByte(of: file, at: offset)
                let error = try #require(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
                #expect(error.kind == .data && error.remedy != nil && error.description.contains(file), "\(error)")
                #expect(!error.description.contains("\n"))
                let latest = try CheckpointReader.latest(in: directory)
                #expect(latest.checkpoint?.step == 1)
                #expect(latest.warnings.count == 1 && latest.warnings[0].contains(name))
                try flipByte(of: file, at: offset)
            }
            _ = try CheckpointReader(directory: path)
        }
    }

    @Test("damage that shows late is found at the first read of that part")
    func onUse() throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 2, ranks: 3)
            try flipByte(of: path + "/part-00002-of-00003.h5", at: 5000)
            let reader = try CheckpointReader(directory: path, verification: .onUse)
            for (rank, isGood) in [(0, true), (1, true), (2, false)] {
                let outcome = Result {
                    for run in smallSpace.shard(rank, of: 3).runs.map(\.elements) {
                        var values = [Float](repeating: 0, count: run.count)
                        try values.withUnsafeMutableBufferPointer {
                            try reader.read(.value, of: smallSpace, run: run, into: $0)
                        }
                    }
                }
                #expect(((try? outcome.get()) != nil) == isGood)
            }
        }
    }

    @Test(
        "cut, emptied and missing files are refused",
        arguments: ["manifest.json", "SHA256SUMS", "part-00001-of-00002.h5"])
    func cut(name: String) throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 2, ranks: 2)
            let file = path + "/" + name
            for count in [try size(of: file) / 2, 0] {
                try truncate(file, to: count)
                let error = try #require(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
                #expect(error.kind == .data && error.description.contains(path))
            }
            try FileManager.default.removeItem(atPath: file)
            #expect(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
            #expect(try CheckpointReader.latest(in: directory).checkpoint == nil)
        }
    }

    /// Rewrites the manifest with hashes that fit, as somebody who means ill would.
    private func forge(_ path: String, _ change: (inout [String: JSONValue]) -> Void) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path + "/manifest.json"))
        var object = try #require(try JSONValue(text: String(decoding: data, as: UTF8.self)).object)
        change(&object)
        let forged = try JSONEncoder().encode(JSONValue.object(object))
        try forged.write(to: URL(fileURLWithPath: path + "/manifest.json"))
        let hash = forged.withUnsafeBytes { Digest.hex(of: $0) }
        var sums = "\(hash)  manifest.json\n"
        if case .array(let parts) = object["parts"] {
            for part in parts.compactMap(\.object) {
                sums += "\(part["sha256"]?.text ?? "")  \(part["file"]?.text ?? "")\n"
            }
        }
        try sums.write(toFile: path + "/SHA256SUMS", atomically: true, encoding: .utf8)
    }

    @Test("a manifest whose numbers lie is refused before anything is read", arguments: 0..<11)
    func forged(number: Int) throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 2, ranks: 2)
            try forge(path) { _ in }
            _ = try CheckpointReader(directory: path)
            try forge(path) { object in
                func changePiece(_ key: String, _ value: JSONValue) {
                    guard case .array(var parts) = object["parts"], var part = parts[0].object,
                        case .array(var pieces) = part["pieces"], var piece = pieces[0].object
                    else { return }
                    piece[key] = value
                    pieces[0] = .object(piece)
                    part["pieces"] = .array(pieces)
                    parts[0] = .object(part)
                    object["parts"] = .array(parts)
                }
                func changePart(_ key: String, _ value: JSONValue) {
                    guard case .array(var parts) = object["parts"], var part = parts[0].object else { return }
                    part[key] = value
                    parts[0] = .object(part)
                    object["parts"] = .array(parts)
                }
                switch number {
                case 0: object["version"] = .integer(9)
                case 1: object["step"] = .integer(3)
                case 2: object["step"] = .integer(-1)
                case 3: changePiece("start", .integer(-4096))
                case 4: changePiece("count", .integer(.max))
                case 5: changePiece("count", .integer(1))
                case 6: changePiece("tensor", .text("../../x"))
                case 7: changePiece("type", .text("float64"))
                case 8: changePart("file", .text("../part-00000-of-00002.h5"))
                case 9: changePart("byteCount", .integer(.min))
                default: object["tensors"] = .array([])
                }
            }
            let error = try #require(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
            #expect(error.kind == .data && error.description.contains(path), "\(error)")
        }
    }

    @Test("overlapping pieces and gaps are told apart")
    func coverage() throws {
        try withTemporaryDirectory { directory in
            let path = try save(directory, step: 2, ranks: 1)
            try forge(path) { object in
                guard case .array(let parts) = object["parts"] else { return }
                object["parts"] = .array(parts + parts)
            }
            #expect(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
            try forge(path) { $0["parts"] = .array([]) }
            let error = try #require(throws: InputError.self) { _ = try CheckpointReader(directory: path) }
            #expect(error.message.contains("0 elements instead of 132"), "\(error)")
        }
    }

    @Test("what is no directory of checkpoints gives nothing")
    func nothing() throws {
        try withTemporaryDirectory { directory in
            #expect(try CheckpointReader.latest(in: directory + "/absent").checkpoint == nil)
            for name in ["step-12", "step-0000000x", "step--0000001", "other", ".step-00000001.tmp-x"] {
                try FileManager.default.createDirectory(
                    atPath: directory + "/" + name, withIntermediateDirectories: true)
            }
            let latest = try CheckpointReader.latest(in: directory)
            #expect(latest.checkpoint == nil && latest.warnings.isEmpty)
        }
    }
}
