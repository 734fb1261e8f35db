import Architectures
import Checkpoints
import Collectives
import Execution
import Foundation
import JobFiles
import Sharding
import SwiftletTestSupport
import Testing
import Training

@Suite("A save that fails")
struct DiskFullTests {
    private static let space = LogicalSpace([
        LogicalTensor(name: "a", shape: [5000], unit: .block(0), decays: true),
        LogicalTensor(name: "b", shape: [300, 10], unit: .block(1), decays: true),
    ])

    /// Saves a step on every rank; every value of the parameters is the step's number.
    private func save(
        _ step: Int, ranks: Int, tiny: TinyJob, fileSystem: any FileSystem
    ) throws {
        let job = ResolvedJob(
            try tiny.job(), compute: .fp32, gradientCheckpointing: false, threads: 1, nodesPerCopy: 1,
            ranksPerNode: ranks)
        let adapter = AdapterDescription(
            rank: 4, alpha: 8, dropout: 0, targets: [.query], usesRankStabilizedScale: false, baseModelPath: "model")
        try InProcessWorld.run(size: ranks) { communicator in
            let units = try TrainableUnits(
                space: Self.space, units: [.block(0), .block(1)], communicator: communicator)
            units.values.update(repeating: Float(step))
            let keeper = CheckpointKeeper(
                directory: tiny.directory + "/checkpoints", limit: 1,
                identity: CheckpointKeeper.Identity(base: "base", data: "data"), communicator: communicator,
                fileSystem: fileSystem)
            _ = try keeper.save(step: step, trainables: units, adapter: adapter, job: job)
        }
    }

    @Test("A full disk is exit code 74, and the checkpoint before stays whole", arguments: 1...3, [0, 1000, 40_000])
    func diskFull(ranks: Int, bytes: Int) throws {
        let tiny = try TinyJob()
        try save(1, ranks: ranks, tiny: tiny, fileSystem: LocalFileSystem())
        let full = FaultInjectingFileSystem(.diskFull(afterBytes: bytes))
        #expect {
            try save(2, ranks: ranks, tiny: tiny, fileSystem: full)
        } throws: {
            ExitCode.of($0) == 74
        }
        let (latest, _) = try CheckpointReader.latest(in: tiny.directory + "/checkpoints", verification: .now)
        let reader = try #require(latest)
        #expect(reader.step == 1)
        var values = [Float](repeating: 0, count: Self.space.elementCount)
        try values.withUnsafeMutableBufferPointer {
            try reader.read(.value, of: Self.space, run: 0..<Self.space.elementCount, into: $0)
        }
        #expect(values.allSatisfy { $0 == 1 })
    }
}
