import Buffers
import Checkpoints
import Collectives
import Execution
import Foundation
import SwiftletTestSupport
import Testing
import Training

@Suite("A base that is copied to each node")
struct StagedBaseTests {
    private static let settings = ["max_steps=2"]

    private func number(of path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
    }

    private func copies(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted().filter { $0.hasSuffix(".h5") }
            .map { directory + "/" + $0 }
    }

    @Test(
        "The bits are those without it; a copy is made once, used again, and made anew where it is damaged",
        arguments: [["distributed.nodes_per_copy=1"], ["distributed.nodes_per_copy=all"]])
    func training(settings: [String]) throws {
        let tiny = try TinyJob()
        let local = tiny.directory + "/local/disk"
        let plain = try tiny.train(tiny.job(Self.settings, output: "plain"))
        let staged = Self.settings + settings + ["distributed.stage_base=\(local)"]
        func run(_ output: String) throws -> [Recorder.Line] {
            try tiny.train(tiny.job(staged, output: output), ranks: 4, ranksPerNode: 2).lines
        }
        #expect(try run("first") == plain.lines)
        let copy = try #require(try copies(in: local).first)
        let first = try number(of: copy)
        #expect(try run("second") == plain.lines)
        #expect(try number(of: copy) == first)
        let unit = try #require(try BaseStore(path: copy).manifest.units.first)
        let handle = try #require(FileHandle(forUpdatingAtPath: copy))
        try handle.seek(toOffset: UInt64(unit.offset + 5))
        try handle.write(contentsOf: Data([0xA5, 0x5A]))
        try handle.close()
        #expect(try run("third") == plain.lines)
        #expect(try number(of: copy) != first)
        #expect(try copies(in: local).count == 1)
    }

    /// A store, and a directory for each of three ranks as if each had a disk of its own.
    private func withStore(_ body: (String, [String]) throws -> Void) throws {
        let tiny = try TinyJob()
        try tiny.train(tiny.job(["max_steps=1"]))
        try body(tiny.directory + "/out/base.base.h5", (0..<3).map { tiny.directory + "/disk\($0)" })
    }

    private func stage(_ path: String, in directories: [String], fault: FaultInjectingFileSystem.Fault? = nil) throws {
        try InProcessWorld.run(size: 3, ranksPerNode: 1) { communicator in
            let source = try communicator.isCoordinator ? BaseStore(path: path) : nil
            let disk: any FileSystem =
                communicator.rank == 1
                ? fault.map(FaultInjectingFileSystem.init) ?? LocalFileSystem() : LocalFileSystem()
            let staged = StagedStore(
                try BaseStore(path: path).manifest, in: directories[communicator.rank], communicator: communicator,
                fileSystem: disk)
            try staged.copy(source, pieceByteCount: 5000) { _ in }
        }
    }

    @Test("Each disk gets a copy; one that has it already keeps the one it has")
    func disks() throws {
        try withStore { path, directories in
            try stage(path, in: [directories[0], directories[0], directories[2]])
            #expect(!FileManager.default.fileExists(atPath: directories[1]))
            let first = try number(of: try #require(try copies(in: directories[2]).first))
            try stage(path, in: directories)
            for directory in directories {
                let copy = try #require(try copies(in: directory).first)
                #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
            }
            #expect(try number(of: try #require(try copies(in: directories[2]).first)) == first)
        }
    }

    @Test("One full disk ends all ranks with exit code 74 and its host's name, and leaves nothing there")
    func diskFull() throws {
        try withStore { path, directories in
            let error = try #require(throws: (any Error).self) {
                try stage(path, in: directories, fault: .diskFull(afterBytes: 12_000))
            }
            #expect(ExitCode.of(error) == 74)
            #expect("\(error)".contains(directories[1]) && "\(error)".contains(": No space left on device"), "\(error)")
            #expect("\(error)".hasPrefix("\(RankIdentity.ownHost): "))
            for directory in directories { #expect(try copies(in: directory).isEmpty) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directories[1]).isEmpty)
        }
    }

    @Test("A damaged source ends all ranks with exit code 65")
    func damagedSource() throws {
        try withStore { path, directories in
            let unit = try #require(try BaseStore(path: path).manifest.units.last)
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: UInt64(unit.offset))
            try handle.write(contentsOf: Data([1, 2, 3, 4, 5, 6, 7, 8]))
            try handle.close()
            let error = try #require(throws: (any Error).self) { try stage(path, in: directories) }
            #expect(ExitCode.of(error) == 65 && "\(error)".contains("unit head"), "\(error)")
            for directory in directories { #expect(try copies(in: directory).isEmpty) }
        }
    }
}
