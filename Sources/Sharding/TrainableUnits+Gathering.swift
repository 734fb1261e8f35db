import Architectures
import Collectives

extension TrainableUnits {
    /// All parameters in the order of the logical space, at the coordinator; nil elsewhere. All ranks call it.
    package func gatherAll() throws -> [Float]? {
        guard communicator.isCoordinator else {
            try gather(0..<space.elementCount, into: nil)
            return nil
        }
        var all = [Float](repeating: 0, count: space.elementCount)
        try all.withUnsafeMutableBufferPointer { try gather(0..<space.elementCount, into: $0) }
        return all
    }

    /// The parameters of a run of elements, at the coordinator. All ranks call it with the same run.
    /// - Parameter room: exactly as many values at the coordinator; not used elsewhere.
    package func gather(_ run: Range<Int>, into room: UnsafeMutableBufferPointer<Float>?) throws {
        precondition(!communicator.isCoordinator || room?.count == run.count)
        let stride = MemoryLayout<Float>.stride
        let parts = (0..<communicator.size).map { run.clamped(to: space.shard($0, of: communicator.size)) }
        let own = parts[communicator.rank]
        let send = UnsafeMutableBufferPointer(
            rebasing: values[
                own.isEmpty ? 0..<0 : own.lowerBound - shard.lowerBound..<own.upperBound - shard.lowerBound])
        try communicator.startGather(
            send: UnsafeRawBufferPointer(send),
            receive: UnsafeMutableRawBufferPointer(room ?? UnsafeMutableBufferPointer(start: nil, count: 0)),
            counts: parts.map { $0.count * stride },
            displacements: parts.map { $0.isEmpty ? 0 : ($0.lowerBound - run.lowerBound) * stride }
        ).wait()
    }
}
