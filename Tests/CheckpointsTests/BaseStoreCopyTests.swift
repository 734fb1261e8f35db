import Buffers
import Checkpoints
import Foundation
import Quantization
import SwiftletTestSupport
import Testing

@Suite("A copy of a base store")
struct BaseStoreCopyTests {
    /// Copies the store at `path`, in small pieces, into the directory `local` beside it; `change` alters what arrives.
    private func copy(
        _ path: String, fileSystem: any FileSystem = LocalFileSystem(), change: (inout [UInt8]) -> Void = { _ in }
    ) throws {
        let store = try BaseStore(path: path)
        let copy = try BaseStoreCopy(of: store.manifest, at: target(path), fileSystem: fileSystem)
        let step = 10_000
        for start in stride(from: 0, to: store.manifest.fileByteCount, by: step) {
            let range = start..<min(start + step, store.manifest.fileByteCount)
            var bytes = store.withFileBytes(range) { Array($0) }
            change(&bytes)
            try bytes.withUnsafeBytes { try copy.write($0, at: start) }
        }
        try copy.finish()
    }

    private func target(_ path: String) -> String { directory(path) + "/x.base.h5" }
    private func directory(_ path: String) -> String { path + ".local" }

    private func names(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory(path)).sorted()) ?? []
    }

    @Test("is the store, byte by byte, and known again")
    func whole() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture()))
            let manifest = try BaseStore(path: path).manifest
            #expect(!BaseStoreCopy.isThere(manifest, at: target(path)))
            try copy(path)
            #expect(names(path) == ["x.base.h5", "x.base.h5.manifest.json"])
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: target(path)))
            #expect(try BaseStore(path: target(path)).manifest == manifest)
            #expect(BaseStoreCopy.isThere(manifest, at: target(path)))
            try writeStore(path, describe(tinyArchitecture(), linear: .bf16))
            #expect(!BaseStoreCopy.isThere(try BaseStore(path: path).manifest, at: target(path)))
        }
    }

    @Test("that is damaged is not taken for the store, wherever the bit is", arguments: 0..<12)
    func damaged(number: Int) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            try copy(path)
            try flipByte(of: target(path), at: number * (size(of: path) - 1) / 11)
            let manifest = try BaseStore(path: path).manifest
            #expect(!BaseStoreCopy.isThere(manifest, at: target(path)))
            try copy(path)
            #expect(BaseStoreCopy.isThere(manifest, at: target(path)))
        }
    }

    @Test("gets no name where another byte arrived")
    func changed() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            var pieces = 0
            let error = try #require(throws: InputError.self) {
                try copy(path) { bytes in
                    pieces += 1
                    if pieces == 3 { bytes[100] ^= 1 }
                }
            }
            #expect(error.kind == .output && error.file == target(path))
            #expect(names(path).isEmpty)
        }
    }

    @Test("fails with kind output where the disk is full or refuses, and leaves nothing")
    func diskFull() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            for fault in [
                FaultInjectingFileSystem.Fault.diskFull(afterBytes: 0), .diskFull(afterBytes: 15_000),
                .diskFull(afterBytes: try size(of: path) + 10), .failedSync(number: 0), .failedSync(number: 1),
                .denied(containing: ".local"),
            ] {
                let error = try #require(throws: InputError.self, "\(fault)") {
                    try copy(path, fileSystem: FaultInjectingFileSystem(fault))
                }
                #expect(error.kind == .output && !"\(error)".contains("\n"), "\(fault)")
                #expect(names(path).isEmpty, "\(fault)")
            }
        }
    }

    @Test("is there whole or not at all after a crash at any moment")
    func crash() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/x.base.h5"
            try writeStore(path, describe(tinyArchitecture(layers: 1)))
            let manifest = try BaseStore(path: path).manifest
            let counting = FaultInjectingFileSystem(.none)
            try copy(path, fileSystem: counting)
            for operation in 0..<counting.operationCount {
                try? FileManager.default.removeItem(atPath: self.directory(path))
                #expect(throws: (any Error).self) {
                    try copy(path, fileSystem: FaultInjectingFileSystem(.crash(atOperation: operation)))
                }
                if (try? BaseStore(path: target(path))) != nil {
                    #expect(BaseStoreCopy.isThere(manifest, at: target(path)), "\(operation)")
                }
                try copy(path)
                #expect(BaseStoreCopy.isThere(manifest, at: target(path)), "\(operation)")
            }
        }
    }
}
