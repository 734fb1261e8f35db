package import Collectives

/// Which nodes hold a copy of the base together, and this rank's place among them.
///
/// Nodes are taken in the order of their numbers: with `nodes_per_copy: 2`, nodes 0 and 1 hold the first copy. One rank
/// of each node, its leader, moves bytes for all of them.
package struct CopyPlacement {
    package let nodesPerCopy: Int
    /// This node's number in its copy, from 0.
    package let position: Int
    /// The ranks of this node.
    package let node: any Communicator
    /// The leaders of the copy's nodes, in order; nil where this rank is none of them.
    package let leaders: (any Communicator)?

    /// All ranks call it.
    /// - Parameter nodesPerCopy: a divisor of the number of nodes.
    package init(_ communicator: any Communicator, nodesPerCopy: Int) throws {
        precondition(nodesPerCopy > 0 && communicator.nodeCount % nodesPerCopy == 0)
        self.nodesPerCopy = nodesPerCopy
        position = communicator.nodeIndex % nodesPerCopy
        node = communicator.node
        let copies = communicator.nodeCount / nodesPerCopy
        // Those who lead nothing form a group of their own, which nobody uses.
        let group = try communicator.split(by: node.isCoordinator ? communicator.nodeIndex / nodesPerCopy : copies)
        leaders = node.isCoordinator ? group : nil
    }
}
