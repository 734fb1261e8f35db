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
        if holdsAll {
            if let room { _ = room.update(fromContentsOf: values[run]) }
            return
        }
        for unit in space.units {
            let wanted = space.range(of: unit).clamped(to: run)
            if !wanted.isEmpty { try gather(wanted, of: unit, into: room, from: run.lowerBound) }
        }
    }

    /// - Parameter first: the number of the element that comes first in `room`.
    private func gather(
        _ wanted: Range<Int>, of unit: UnitID, into room: UnsafeMutableBufferPointer<Float>?, from first: Int
    ) throws {
        let runs = shards.map { $0.run(of: unit) }
        let plan = GatherPlan(wanted, parts: runs.map { ($0?.elements ?? 0..<0).clamped(to: wanted) })
        let send = runs[communicator.rank].flatMap { own in
            let part = own.elements.clamped(to: wanted)
            guard !part.isEmpty else { return nil as UnsafeMutableBufferPointer<Float>? }
            let place = own.places.lowerBound + part.lowerBound - own.elements.lowerBound
            return UnsafeMutableBufferPointer(rebasing: values[place..<place + part.count])
        }
        let receive = room.map {
            UnsafeMutableBufferPointer(rebasing: $0[wanted.lowerBound - first..<wanted.upperBound - first])
        }
        let none = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
        try communicator.startGather(
            send: UnsafeRawBufferPointer(send ?? none), receive: UnsafeMutableRawBufferPointer(receive ?? none),
            counts: plan.byteCounts, displacements: plan.byteDisplacements
        ).wait()
    }
}
