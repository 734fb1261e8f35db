/// Finds the longest of a set of byte strings that begins at a position.
struct TokenTrie: Sendable {
    private struct Node {
        /// The first of the node's edges, which lie side by side, sorted by byte.
        var firstEdge: Int32 = 0
        var edgeCount: Int32 = 0
        /// The string that ends here, or -1.
        var value: Int32 = -1
    }

    private struct Edge {
        var byte: UInt8
        var target: Int32
    }

    private var nodes: [Node] = [Node()]
    private var edges: [Edge] = []
    private var isFirstByte = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { edges.isEmpty }

    /// A trie of strings that are not empty; of equal ones the first counts.
    init(_ strings: [(bytes: [UInt8], value: Int32)]) {
        var sorted = strings.enumerated().sorted { first, second in
            if first.element.bytes.elementsEqual(second.element.bytes) { return first.offset < second.offset }
            return first.element.bytes.lexicographicallyPrecedes(second.element.bytes)
        }
        sorted.removeAll { $0.element.bytes.isEmpty }
        for string in sorted { isFirstByte[Int(string.element.bytes[0])] = true }
        // Breadth first, so that the edges of a node lie side by side.
        var level: [(node: Int, depth: Int, range: Range<Int>)] = [(0, 0, 0..<sorted.count)]
        while !level.isEmpty {
            var following: [(node: Int, depth: Int, range: Range<Int>)] = []
            for (node, depth, range) in level {
                var start = range.lowerBound
                while start < range.upperBound, sorted[start].element.bytes.count == depth {
                    if nodes[node].value < 0 { nodes[node].value = sorted[start].element.value }
                    start += 1
                }
                nodes[node].firstEdge = Int32(edges.count)
                while start < range.upperBound {
                    let byte = sorted[start].element.bytes[depth]
                    var end = start
                    while end < range.upperBound, sorted[end].element.bytes[depth] == byte { end += 1 }
                    edges.append(Edge(byte: byte, target: Int32(nodes.count)))
                    following.append((nodes.count, depth + 1, start..<end))
                    nodes.append(Node())
                    nodes[node].edgeCount += 1
                    start = end
                }
            }
            level = following
        }
    }

    /// The next string at or after `start`: the leftmost, and of those the longest.
    func firstMatch(_ text: Span<UInt8>, from start: Int, to end: Int) -> (range: Range<Int>, value: Int32)? {
        let isFirstByte = isFirstByte.span
        var position = start
        while position < end {
            if isFirstByte[Int(text[position])], let match = longestMatch(text, at: position, to: end) {
                return match
            }
            position += 1
        }
        return nil
    }

    private func longestMatch(_ text: Span<UInt8>, at start: Int, to end: Int) -> (Range<Int>, Int32)? {
        var found: (Range<Int>, Int32)?
        var node = nodes[0]
        var position = start
        while position < end, let edge = edge(of: node, text[position]) {
            node = nodes[Int(edge.target)]
            position += 1
            if node.value >= 0 { found = (start..<position, node.value) }
        }
        return found
    }

    private func edge(of node: Node, _ byte: UInt8) -> Edge? {
        var low = Int(node.firstEdge)
        var high = low + Int(node.edgeCount)
        while low < high {
            let middle = (low + high) / 2
            if edges[middle].byte < byte { low = middle + 1 } else { high = middle }
        }
        guard low < Int(node.firstEdge) + Int(node.edgeCount), edges[low].byte == byte else { return nil }
        return edges[low]
    }
}
