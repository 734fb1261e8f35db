import Collectives
import Events
import Execution

extension Trainer {
    /// What this rank has issued in groups whose coordinator it is, and sent in all of them, since it started.
    var ownTraffic: RunTraffic {
        var own = RunTraffic(operations: 0, bytes: 0)
        for group in groups where group.size > 1 {
            let traffic = group.traffic
            own.bytes += traffic.totalBytesSent
            if group.isCoordinator { own.operations += traffic.totalOperations }
        }
        return own
    }

    /// What all ranks have sent in steps; nil where there is one. All ranks call it.
    /// - Parameter elsewhere: of this rank's traffic, what was no part of a step.
    func traffic(without elsewhere: RunTraffic) throws -> RunTraffic? {
        guard communicator.size > 1 else { return nil }
        let own = ownTraffic - elsewhere
        let sums = try communicator.allReduce([Int64(own.operations), Int64(own.bytes)], .sum)
        return RunTraffic(operations: Int(sums[0]), bytes: Int(sums[1]))
    }

    /// The groups in which steps move bytes.
    private var groups: [any Communicator] {
        // A world of one node is that node's group.
        [communicator] + (communicator.nodeCount > 1 ? [communicator.node] : [])
            + (runner.senders.map { [$0] } ?? [])
    }
}
