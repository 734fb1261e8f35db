/// How many nodes a run has, and how many ranks each: ranks are numbered node by node.
package struct RunShape: Hashable, Sendable {
    package var nodes: Int
    package var ranksPerNode: Int

    package init(nodes: Int, ranksPerNode: Int) {
        precondition(nodes > 0 && ranksPerNode > 0)
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
    }

    package var ranks: Int { nodes * ranksPerNode }

    func ranks(ofNode node: Int) -> Range<Int> { node * ranksPerNode..<(node + 1) * ranksPerNode }
}
