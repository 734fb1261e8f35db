import Architectures
import Collectives

extension TrainableUnits {
    /// All parameters in the order of the logical space, at the coordinator; nil elsewhere. All ranks call it.
    package func gatherAll() throws -> [Float]? {
        let stride = MemoryLayout<Float>.stride
        let shards = (0..<communicator.size).map { space.shard($0, of: communicator.size) }
        var all = [Float](repeating: 0, count: communicator.isCoordinator ? space.elementCount : 0)
        try all.withUnsafeMutableBytes { room in
            try communicator.startGather(
                send: UnsafeRawBufferPointer(values), receive: room, counts: shards.map { $0.count * stride },
                displacements: shards.map { $0.isEmpty ? 0 : $0.lowerBound * stride }
            ).wait()
        }
        return communicator.isCoordinator ? all : nil
    }
}
