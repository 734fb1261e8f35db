import Architectures
import Buffers
import Checkpoints
import Foundation
import SwiftletTestSupport
import Testing

@Suite("Saving under faults")
struct CheckpointCrashTests {
    /// How many operations a save takes; `step` may be there already.
    private func operations(step: Int) throws -> Int {
        try withTemporaryDirectory { directory in
            try save(directory, step: 1, ranks: 2)
            try save(directory, step: 2, ranks: 2)
            let counter = FaultInjectingFileSystem(.none)
            try save(directory, step: step, ranks: 2, fileSystem: counter)
            return counter.operationCount
        }
    }

    @Test("a crash at any operation loses nothing that was committed", arguments: [3, 2])
    func crash(step: Int) throws {
        let count = try operations(step: step)
        #expect(count > 20)
        var outcomes: Set<Int> = []
        for number in 0..<count {
            try withTemporaryDirectory { directory in
                try save(directory, step: 1, ranks: 2)
                try save(directory, step: 2, ranks: 2)
                let faulty = FaultInjectingFileSystem(.crash(atOperation: number))
                #expect(throws: FaultInjectingFileSystem.Crash.self) {
                    try save(directory, step: step, ranks: 2, fileSystem: faulty)
                }
                let found = try CheckpointReader.latest(in: directory)
                #expect(found.warnings.isEmpty, "operation \(number)")
                let reader = try #require(found.checkpoint, "operation \(number)")
                #expect(reader.step == 2 || reader.step == step)
                outcomes.insert(reader.manifest.generation)
                try expectContent(of: reader, step: reader.step, ranks: 2)
                try goOn(in: directory, after: reader)
            }
        }
        // Both the old and the new state were met on the way.
        #expect(outcomes == [2, 3])
    }

    /// The next run cleans up, and `latest` names the newest again.
    private func goOn(in directory: String, after reader: CheckpointReader) throws {
        let named = try #require(latestName(in: directory))
        let transaction = try CheckpointTransaction.begin(in: directory, step: 9)
        #expect(transaction.generation == reader.manifest.generation + 1)
        _ = try CheckpointReader(directory: directory + "/" + named)
        transaction.abandon()
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.filter { $0.hasPrefix(".step-") }.isEmpty)
        try save(directory, step: 9, ranks: 3)
        #expect(latestName(in: directory) == "step-00000009")
        try expectContent(of: try #require(try CheckpointReader.latest(in: directory).checkpoint), step: 9, ranks: 1)
    }

    @Test("a crash while pruning loses only what was to go")
    func crashWhilePruning() throws {
        for number in 0..<40 {
            let isDone = try withTemporaryDirectory { directory in
                for step in 1...5 { try save(directory, step: step, ranks: 1) }
                let faulty = FaultInjectingFileSystem(.crash(atOperation: number))
                let outcome = Result { try CheckpointTransaction.prune(directory, keeping: 2, fileSystem: faulty) }
                let found = try CheckpointReader.latest(in: directory)
                #expect(found.checkpoint?.step == 5 && found.warnings.isEmpty)
                #expect(Set(try steps(in: directory)).isSuperset(of: [4, 5]))
                return (try? outcome.get()) != nil
            }
            if isDone {
                #expect(number == 3 * (1 + 3 + 1))
                return
            }
        }
        Issue.record("pruning never came to its end")
    }

    @Test("a disk that is full says so; what was committed stays, and the next save succeeds")
    func diskFull() throws {
        for limit in [0, 1, 4096, 100_000, 200_000, 215_000] {
            try withTemporaryDirectory { directory in
                try save(directory, step: 1, ranks: 2)
                let faulty = FaultInjectingFileSystem(.diskFull(afterBytes: limit))
                let error = try #require(throws: InputError.self) {
                    try save(directory, step: 2, ranks: 2, fileSystem: faulty)
                }
                #expect(error.kind == .output && error.description.contains(directory))
                #expect(error.description.contains("No space left") && error.description.contains("free some space"))
                #expect(try CheckpointReader.latest(in: directory).checkpoint?.step == 1)
                try save(directory, step: 2, ranks: 2)
                #expect(try CheckpointReader.latest(in: directory).checkpoint?.step == 2)
            }
        }
    }

    @Test("a failed sync ends the attempt and is never tried again on that file", arguments: 0..<7)
    func failedSync(number: Int) throws {
        try withTemporaryDirectory { directory in
            try save(directory, step: 1, ranks: 2)
            let faulty = FaultInjectingFileSystem(.failedSync(number: number))
            let error = try #require(throws: InputError.self) {
                try save(directory, step: 2, ranks: 2, fileSystem: faulty)
            }
            #expect(error.kind == .output && error.description.contains("the disk may be failing"))
            #expect(faulty.syncCount == number + 1)
            #expect(faulty.syncCounts.filter { !$0.key.hasSuffix(directory) }.values.allSatisfy { $0 == 1 })
            let step = try #require(try CheckpointReader.latest(in: directory).checkpoint).step
            #expect(step == (number < 5 ? 1 : 2))
        }
    }

    @Test("a directory that may not be written is named")
    func denied() throws {
        try withTemporaryDirectory { directory in
            let faulty = FaultInjectingFileSystem(.denied(containing: "checkpoints"))
            let error = try #require(throws: InputError.self) {
                try save(directory + "/checkpoints", step: 2, ranks: 1, fileSystem: faulty)
            }
            #expect(error.kind == .output && error.description.contains("Permission denied"))
        }
    }

    @Test("parts that the coordinator does not see are no checkpoint")
    func nodeLocal() throws {
        try withTemporaryDirectory { directory in
            let transaction = try CheckpointTransaction.begin(in: directory, step: 1)
            let values: [Float] = [1, 2, 3]
            let space = LogicalSpace([LogicalTensor(name: "a", shape: [3], unit: .head, decays: true)])
            let records = try values.withUnsafeBufferPointer {
                try transaction.writeParts(
                    Piece.pieces(.value, of: space, run: 0..<3, values: $0), part: 0, of: 1)
            }
            let temporary = directory + "/" + transaction.temporaryName
            try FileManager.default.removeItem(atPath: temporary + "/" + records[0].file)
            let error = try #require(throws: InputError.self) {
                let tensors = CheckpointTensor.all(of: space, quantities: [.value])
                try transaction.commit(
                    CheckpointContent(job: .null, baseHash: "", state: [:], tensors: tensors), parts: records)
            }
            #expect(error.description.contains("all nodes share"))
            transaction.abandon()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }
}
