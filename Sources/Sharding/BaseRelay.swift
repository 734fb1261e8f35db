import Architectures
package import Collectives
package import Quantization

/// How the bytes of a base come to nodes that do not see its file: from the coordinator, to their leaders.
///
/// Leaders that hold the same slices form a group with the coordinator, so that each slice goes out once for all of
/// them, and to nobody who has no use for it.
package struct BaseRelay {
    private let nodesPerCopy: Int
    /// By position in a copy; on the coordinator all that there are, on a leader its own, elsewhere none.
    private let groups: [(position: Int, pieces: PieceBroadcast)]

    /// All ranks call it.
    /// - Parameters:
    ///   - nodesPerCopy: a divisor of the number of nodes.
    ///   - needsBytes: by node, whether its leader has to be sent its slices; the coordinator's has not.
    package init(
        _ communicator: any Communicator, nodesPerCopy: Int, needsBytes: [Bool],
        pieceByteCount: Int = PieceBroadcast.pieceByteCount
    ) throws {
        precondition(needsBytes.count == communicator.nodeCount && !needsBytes[0])
        self.nodesPerCopy = nodesPerCopy
        let leads = communicator.node.isCoordinator && needsBytes[communicator.nodeIndex]
        var groups: [(position: Int, pieces: PieceBroadcast)] = []
        for position in 0..<nodesPerCopy {
            let nodes = needsBytes.indices.filter { needsBytes[$0] && $0 % nodesPerCopy == position }
            guard !nodes.isEmpty else { continue }
            let takesPart = communicator.isCoordinator || leads && nodes.contains(communicator.nodeIndex)
            let group = try communicator.split(by: takesPart ? 0 : 1)
            guard takesPart else { continue }
            groups.append((position, try PieceBroadcast(group, pieceByteCount: pieceByteCount)))
        }
        self.groups = groups
    }

    /// On the coordinator: the slices of all units, in order, to all who `receive` them.
    package func send(_ layouts: [UnitLayout], from source: any UnitSource) throws {
        for (position, pieces) in groups {
            for layout in layouts {
                source.willNeed(layout.unit)
                let slice = GatheredBase.Plan.slice(layout.byteCount, position, of: nodesPerCopy)
                try pieces.send(UnsafeRawBufferPointer(rebasing: source.bytes(of: layout.unit)[slice]))
                source.dontNeed(layout.unit, part: slice)
            }
        }
    }

    /// On the leader of a node that needs bytes: its slice of the next unit.
    package func receive(_ bytes: UnsafeMutableRawBufferPointer) throws {
        guard groups.count == 1 else { preconditionFailure("this rank is sent nothing") }
        try groups[0].pieces.receive(bytes)
    }
}
