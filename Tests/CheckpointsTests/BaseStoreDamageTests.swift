import Architectures
import Buffers
import Checkpoints
import Foundation
import Quantization
import SwiftletTestSupport
import Testing

@Suite("Base stores that are not whole")
struct BaseStoreDamageTests {
    private func refusal(_ path: String, verify: Bool = false) -> InputError? {
        do {
            let store = try BaseStore(path: path)
            if verify { try store.verify() }
            return nil
        } catch {
            return error as? InputError
        }
    }

    private func expectOneLine(_ error: InputError?, naming path: String) throws {
        let error = try #require(error)
        #expect(error.kind == .data)
        #expect(error.description.contains(path) && error.description.contains("swiftlet quantize"), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test("a flipped bit anywhere is found", arguments: 0..<40)
    func flipped(number: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            let count = try size(of: path)
            try flipByte(of: path, at: number * (count - 1) / 39)
            try expectOneLine(refusal(path, verify: true), naming: path)
        }
    }

    @Test("what HDF5 interprets is checked before it is opened, the units when asked")
    func metadataFirst() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            let unit = try #require(try BaseStore(path: path).manifest.units.last)
            try flipByte(of: path, at: unit.offset + 1)
            let store = try BaseStore(path: path)
            let error = try #require(throws: InputError.self) { try store.verify() }
            #expect(error.place == "unit head")
            try flipByte(of: path, at: 9)
            let refused = try #require(refusal(path))
            #expect(refused.message.contains("not the file that its manifest describes"))
        }
    }

    @Test("a cut, grown, empty or missing file is refused", arguments: [0, 1, 511, 4096, -1, -4096, 1_000_000])
    func cut(amount: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            let count = try size(of: path)
            try truncate(path, to: amount < 0 ? count + amount : amount)
            try expectOneLine(refusal(path), naming: path)
            try FileManager.default.removeItem(atPath: path)
            #expect(refusal(path) != nil)
        }
    }

    @Test("a damaged, foreign or missing manifest is refused")
    func manifest() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            let manifest = BaseStoreManifest.path(of: path)
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            try writeStore(directory + "/y.base.h5", describe(tinyArchitecture(layers: 1), linear: .bf16))
            let good = try String(contentsOfFile: manifest, encoding: .utf8)
            let other = try String(contentsOfFile: directory + "/y.base.h5.manifest.json", encoding: .utf8)
            let bad = [
                "", "{}", "[]", "\u{0}", String(good.dropLast(30)), other,
                good.replacingOccurrences(of: "\"version\" : 1", with: "\"version\" : 2"),
                good.replacingOccurrences(of: "\"byteCount\" : ", with: "\"byteCount\" : 9"),
                good.replacingOccurrences(of: "\"offset\" : ", with: "\"offset\" : -"),
                good.replacingOccurrences(of: "\"offset\" : ", with: "\"offset\" : 922337203685477"),
            ]
            for text in bad {
                try text.write(toFile: manifest, atomically: true, encoding: .utf8)
                try expectOneLine(refusal(path), naming: path)
            }
            try FileManager.default.removeItem(atPath: manifest)
            try expectOneLine(refusal(path), naming: path)
            try good.write(toFile: manifest, atomically: true, encoding: .utf8)
            #expect(refusal(path) == nil)
        }
    }

    @Test("a crash at any operation leaves the old store, or none, or one that is refused")
    func crash() throws {
        let old = describe(tinyArchitecture(layers: 1))
        let new = describe(tinyArchitecture(layers: 1), linear: .bf16)
        let whole = FaultInjectingFileSystem(.none)
        _ = try withTemporaryDirectory { try writeStore($0 + "/x.base.h5", new, fileSystem: whole) }
        #expect(whole.operationCount > 15)
        var outcomes: Set<String> = []
        for number in 0...whole.operationCount {
            try withTemporaryDirectory { directory in
                let path = directory + "/x.base.h5"
                let oldHash = try writeStore(path, old)
                let faulty = FaultInjectingFileSystem(.crash(atOperation: number))
                let newHash = try? writeStore(path, new, fileSystem: faulty)
                #expect((newHash == nil) == (number < whole.operationCount))
                guard let store = try? BaseStore(path: path) else {
                    outcomes.insert("refused")
                    return
                }
                try store.verify()
                outcomes.insert(store.hash == oldHash ? "old" : "new")
            }
        }
        #expect(outcomes == ["old", "refused", "new"])
    }

    @Test("a full disk, a failed sync and a forbidden directory are said in one line and leave nothing behind")
    func faults() throws {
        let description = describe(tinyArchitecture(layers: 1))
        let faults: [FaultInjectingFileSystem.Fault] =
            [.denied(containing: "x.base.h5")] + (0..<3).map { .failedSync(number: $0) }
            + [0, 1, 100, 4000, 9000].map { .diskFull(afterBytes: $0) }
        for fault in faults {
            try withTemporaryDirectory { directory in
                let path = directory + "/x.base.h5"
                let faulty = FaultInjectingFileSystem(fault)
                let error = try #require(throws: InputError.self) {
                    try writeStore(path, description, fileSystem: faulty)
                }
                #expect(error.kind == .output && error.description.contains(directory) && error.remedy != nil)
                #expect(faulty.syncCounts.values.allSatisfy { $0 == 1 })
                if fault != .failedSync(number: 2) {
                    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty, "\(fault)")
                }
            }
        }
    }

    @Test("a directory that is not there is named")
    func noDirectory() throws {
        let error = try #require(throws: InputError.self) {
            _ = try BaseStoreWriter(path: "/nowhere/x.base.h5", description: describe(tinyArchitecture()))
        }
        #expect(error.kind == .output && error.description.contains("/nowhere/"))
    }
}
