package import Collectives

/// How many operations a rank issues in a step, and how many of its bytes others receive: what `Traffic` counts.
package struct StepTraffic: Sendable {
    package struct Line: Sendable {
        package let collective: PlannedCollective
        /// How often it is issued in a step.
        package let times: Int
    }

    package let lines: [Line]
    private let shape: RunShape
    private let nodesPerCopy: Int

    package init(_ schedule: StepSchedule, shape: RunShape, nodesPerCopy: Int) {
        var times = [Int](repeating: 0, count: schedule.kinds.count)
        for kind in schedule.operations { times[kind] += 1 }
        lines = zip(schedule.kinds, times).map { Line(collective: $0, times: $1) }
        self.shape = shape
        self.nodesPerCopy = nodesPerCopy
    }

    /// Operations that a rank issues in its group; those of the group `copy` are issued by one rank of a node.
    package func operations(
        _ group: PlannedCollective.Group, _ kind: CollectiveCall.Kind, for purpose: PlannedCollective.Purpose? = nil
    ) -> Int {
        matching(group, kind, purpose).reduce(0) { $0 + $1.times }
    }

    /// Bytes of a rank of the group that others receive.
    /// - Parameter rank: its number in the group.
    package func bytesSent(
        _ group: PlannedCollective.Group, _ kind: CollectiveCall.Kind, rank: Int,
        for purpose: PlannedCollective.Purpose? = nil
    ) -> Int {
        matching(group, kind, purpose).reduce(0) {
            $0 + $1.times * $1.collective.bytesSent(rank: rank, size: size(of: group))
        }
    }

    /// Bytes that all ranks of all groups send together.
    package func totalBytes(for purpose: PlannedCollective.Purpose? = nil) -> Int {
        lines.filter { purpose == nil || $0.collective.purpose == purpose }.reduce(0) { $0 + bytes(of: $1) }
    }

    /// Operations of all groups, each counted once.
    package func operationCount(for purpose: PlannedCollective.Purpose? = nil) -> Int {
        lines.filter { purpose == nil || $0.collective.purpose == purpose }.reduce(0) { $0 + operations(of: $1) }
    }

    func operations(of line: Line) -> Int { line.times * groupCount(line.collective.group) }

    func bytes(of line: Line) -> Int {
        let size = size(of: line.collective.group)
        let sent = (0..<size).reduce(0) { $0 + line.collective.bytesSent(rank: $1, size: size) }
        return operations(of: line) * sent
    }

    /// Bytes of frames that cross the link of a node in a step, the larger of both directions, at the node that has
    /// most.
    package var linkBytesPerNode: Int {
        Int(
            Transfer.framed(
                lines.reduce(0) { $0 + $1.times * Transfer.wireBytes(of: $1.collective, shape: shape) }))
    }

    package func size(of group: PlannedCollective.Group) -> Int {
        switch group {
        case .world: shape.ranks
        case .copy: nodesPerCopy
        case .node: shape.ranksPerNode
        }
    }

    private func groupCount(_ group: PlannedCollective.Group) -> Int {
        switch group {
        case .world: 1
        case .copy: shape.nodes / nodesPerCopy
        case .node: shape.nodes
        }
    }

    private func matching(
        _ group: PlannedCollective.Group, _ kind: CollectiveCall.Kind, _ purpose: PlannedCollective.Purpose?
    ) -> [Line] {
        lines.filter {
            $0.collective.group == group && $0.collective.kind == kind
                && (purpose == nil || $0.collective.purpose == purpose)
        }
    }
}
