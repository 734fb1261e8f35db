/// Which ranks of a group form a node.
struct NodeNumbering: Sendable {
    /// Per rank, the number of its node, from 0 in the order of their lowest ranks.
    let nodeOfRank: [Int]
    let nodeCount: Int

    /// Ranks with the same home share a node; a home is any number, such as the lowest rank on a host.
    init(homes: [Int]) {
        var numbers: [Int: Int] = [:]
        nodeOfRank = homes.map { home in
            let number = numbers[home] ?? numbers.count
            numbers[home] = number
            return number
        }
        nodeCount = numbers.count
    }

    /// Divides nodes so that none has more than `ranksPerNode` ranks.
    init(_ whole: NodeNumbering, ranksPerNode: Int) {
        precondition(ranksPerNode > 0)
        var seen = [Int](repeating: 0, count: whole.nodeCount)
        self.init(
            homes: whole.nodeOfRank.map { node in
                defer { seen[node] += 1 }
                return node + seen[node] / ranksPerNode * whole.nodeCount
            })
    }

    /// The ranks of a node, in order.
    func ranks(ofNode node: Int) -> [Int] { nodeOfRank.indices.filter { nodeOfRank[$0] == node } }
}
