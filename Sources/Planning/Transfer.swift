import Collectives

/// What one collective operation asks of the machine, at the node that has most to do.
struct Transfer: Sendable {
    /// Bytes over the node's link, the larger of both directions.
    let wireBytes: Double
    /// Seconds of a rank's comm thread for what comes through shared memory.
    let copySeconds: Double
    let latency: Double

    init(_ collective: PlannedCollective, shape: RunShape, nodesPerCopy: Int, machine: Machine) {
        // A link without limit is left out: nothing is under way on it.
        let bytes = Self.framed(Self.wireBytes(of: collective, shape: shape))
        wireBytes = machine.linkBytesPerSecond.isFinite ? bytes : 0
        copySeconds = Self.copySeconds(of: collective, shape: shape, machine: machine)
        let (nodes, ranks) =
            switch collective.group {
            case .world: (shape.nodes, shape.ranksPerNode)
            case .copy: (nodesPerCopy, 1)
            case .node: (1, shape.ranksPerNode)
            }
        latency = Self.hops(nodes) * machine.linkLatency + Self.hops(ranks) * machine.copyLatency
    }

    /// Bytes of whole frames: TCP over Ethernet has 66 bytes of headers to 1,448.
    static func framed(_ payload: Int) -> Double { Double(payload) * 1514 / 1448 }

    /// Payload over the link of the node that has most of it. Every rank sends to every other one directly; vectors
    /// that are reduced go round as by halves.
    static func wireBytes(of collective: PlannedCollective, shape: RunShape) -> Int {
        switch collective.group {
        case .node: return 0
        case .copy:
            // One rank a node: it sends its part to all others, and receives theirs.
            let parts = collective.parts
            return parts.reduce(0) { max($0, $1 * (parts.count - 1), collective.total - $1) }
        case .world: break
        }
        guard shape.nodes > 1 else { return 0 }
        switch collective.kind {
        case .allReduce:
            return 2 * collective.total * (shape.nodes - 1) / shape.nodes
        case .allGather, .reduceScatter:
            // A sum that is scattered is a gather the other way round: the same bytes, sent where they were received.
            return (0..<shape.nodes).reduce(0) { most, node in
                let own = shape.ranks(ofNode: node).reduce(0) { $0 + collective.parts[$1] }
                return max(
                    most, own * (shape.ranks - shape.ranksPerNode), (collective.total - own) * shape.ranksPerNode)
            }
        case .barrier, .broadcast, .gather: return 0
        }
    }

    private static func copySeconds(of collective: PlannedCollective, shape: RunShape, machine: Machine) -> Double {
        switch (collective.group, collective.kind) {
        case (.world, .allGather):
            // What the other ranks of the node give.
            let node =
                (0..<shape.nodes).map { node in
                    shape.ranks(ofNode: node).reduce(0) { $0 + collective.parts[$1] }
                }.max() ?? 0
            let others = Double(node) * Double(shape.ranksPerNode - 1) / Double(shape.ranksPerNode)
            return others / machine.copyBytesPerSecond
        case (.world, .reduceScatter):
            // What all other ranks give is added, wherever they are.
            let received = Double((collective.parts.max() ?? 0) * (shape.ranks - 1))
            return received / machine.addBytesPerSecond
        case (.world, .allReduce):
            guard shape.ranksPerNode > 1 else { return 0 }
            return 2 * Double(collective.total) / machine.addBytesPerSecond
        default: return 0
        }
    }

    /// Rounds in which all of a group can know of one another.
    private static func hops(_ members: Int) -> Double {
        Double(Int.bitWidth - (max(1, members) - 1).leadingZeroBitCount)
    }
}
