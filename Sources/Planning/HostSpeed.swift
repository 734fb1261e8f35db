import Buffers
import Collectives
import Execution
import Foundation

/// The speed of a node: what is stated of it, and the rest as it is measured here.
package struct HostSpeed: Sendable {
    /// Of all ranks of a node together, in a step's products; nil: measured.
    package var nodeOperationsPerSecond: Double?
    /// Of a node's link, in each direction; nil: assumed.
    package var linkBitsPerSecond: Double?
    /// Of a checkpoint, by all ranks together; nil: assumed.
    package var fileBytesPerSecond: Double?

    package init(nodeOperationsPerSecond: Double?, linkBitsPerSecond: Double?, fileBytesPerSecond: Double? = nil) {
        self.nodeOperationsPerSecond = nodeOperationsPerSecond
        self.linkBitsPerSecond = linkBitsPerSecond
        self.fileBytesPerSecond = fileBytesPerSecond
    }

    /// What a step takes whose micro-batches are like the sample.
    /// - Throws: `InputError` where there is no memory to measure with.
    package func speed(_ sample: JobPlan.Sample) throws -> JobPlan.Speed {
        let measured = try StepCost.Measured(sample, nodeOperationsPerSecond: nodeOperationsPerSecond)
        let link = linkBitsPerSecond ?? Self.assumedLink
        var assumptions = [measured.description]
        if sample.shape.nodes > 1 {
            assumptions.append(
                String(format: "links of %g Gbit/s", link / 1e9)
                    + (linkBitsPerSecond == nil ? " (--link says otherwise)" : ""))
        }
        if sample.shape.ranksPerNode > 1 {
            assumptions.append(
                String(format: "%.1f GB/s between the ranks of a node", measured.machineCopy / 1e9))
        }
        let files = fileBytesPerSecond ?? Self.assumedFiles
        assumptions.append(
            String(format: "checkpoints written at %g GB/s", files / 1e9)
                + (fileBytesPerSecond == nil ? " (--disk says otherwise)" : ""))
        return JobPlan.Speed(
            cost: measured.cost,
            machine: Machine(
                threads: sample.threads, linkBytesPerSecond: link / 8, copyBytesPerSecond: measured.machineCopy),
            fileBytesPerSecond: files, assumptions: assumptions)
    }

    private static let assumedLink = 10e9
    /// What saves of 367 MiB took on a VM whose disk writes 0.48 GB/s, hashes and copies included.
    private static let assumedFiles = 0.2e9
}

extension StepCost {
    /// What a step takes, and where that comes from.
    package struct Measured: Sendable {
        package let cost: StepCost
        /// Bytes a second that a rank receives through shared memory while the others of its node do.
        package let machineCopy: Double
        /// Operations a second of all ranks of a node, in a block's products.
        package let nodeOperationsPerSecond: Double
        package let description: String
    }
}

extension StepCost.Measured {
    /// - Parameter nodeOperationsPerSecond: of all ranks of a node; nil: steps are timed.
    /// - Throws: `InputError` where there is no memory to measure with.
    package init(_ sample: JobPlan.Sample, nodeOperationsPerSecond: Double?) throws {
        // Nodes of a cluster are taken to use all their cores, as this host alone may not.
        let room = max(1, HostThreads.usable / sample.threads)
        let ranks = sample.shape.nodes > 1 ? room : min(sample.shape.ranksPerNode, room)
        let copy = try Self.copyBytesPerSecond(ranks: ranks)
        // What is sent is copied into memory that ranks share, and out of it.
        machineCopy = copy / 2
        guard let nodeOperationsPerSecond else {
            let calibration = try Calibration(sample, ranks: ranks)
            cost = calibration.cost
            self.nodeOperationsPerSecond = calibration.operationsPerSecond * Double(sample.shape.ranksPerNode)
            description =
                String(
                    format: "products at %.1f GFLOP/s a rank, measured on ", calibration.operationsPerSecond / 1e9)
                + (ranks == 1 ? "one rank" : "\(ranks) ranks at once")
            return
        }
        self.nodeOperationsPerSecond = nodeOperationsPerSecond
        cost = StepCost(
            sample.subject, recomputation: sample.recomputation, context: Calibration.context(sample.lengths),
            operationsPerSecond: nodeOperationsPerSecond / Double(sample.shape.ranksPerNode), bytesPerSecond: 2 * copy)
        description = String(format: "products at %g GFLOP/s a node, as stated", nodeOperationsPerSecond / 1e9)
    }

    /// Of each of some ranks that copy at once.
    private static func copyBytesPerSecond(ranks: Int) throws -> Double {
        let count = 16 << 20
        return try InProcessWorld.run(size: ranks) { communicator in
            let rooms = (try AlignedStorage(byteCount: count), try AlignedStorage(byteCount: count))
            rooms.0.bytes().initializeMemory(as: UInt8.self, repeating: 1)
            let clock = ContinuousClock()
            var best = Double.infinity
            for _ in 0..<4 {
                try communicator.barrier()
                let start = clock.now
                rooms.1.bytes().copyMemory(from: UnsafeRawBufferPointer(rooms.0.bytes()))
                best = min(best, (clock.now - start).seconds)
            }
            return Double(count) / best
        }.min() ?? 1
    }
}
