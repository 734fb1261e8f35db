/// The syntax tree of a pattern.
indirect enum PatternNode: Sendable {
    enum Greed: Sendable {
        case greedy, lazy, possessive
    }

    enum Anchor: Sendable {
        case lineStart, lineEnd, textStart, textEnd, textEndOrLastBreak
    }

    case set(ScalarSet)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repeated(PatternNode, minimum: Int, maximum: Int?, greed: Greed)
    case atomic(PatternNode)
    case look(PatternNode, ahead: Bool, negative: Bool)
    case anchor(Anchor)

    /// The fewest and the most scalars that the node matches; no most where it is unbounded.
    var width: (least: Int, most: Int?) {
        switch self {
        case .set: return (1, 1)
        case .atomic(let node): return node.width
        case .look, .anchor: return (0, 0)
        case .sequence(let nodes):
            return nodes.reduce((0, 0)) { sum, node in
                let width = node.width
                return (Self.clamped(sum.least + width.least), Self.sum(sum.most, width.most))
            }
        case .alternatives(let nodes):
            let widths = nodes.map(\.width)
            let most = widths.contains { $0.most == nil } ? nil : widths.compactMap(\.most).max()
            return (widths.map(\.least).min() ?? 0, most)
        case .repeated(let node, let minimum, let maximum, _):
            let width = node.width
            guard let maximum, let most = width.most else { return (Self.clamped(width.least * minimum), nil) }
            return (Self.clamped(width.least * minimum), Self.clamped(most * maximum))
        }
    }

    /// Nested repeats multiply; what is beyond a million is only ever compared with small numbers.
    private static func clamped(_ width: Int) -> Int { min(width, 1_000_000) }

    private static func sum(_ first: Int?, _ second: Int?) -> Int? {
        guard let first, let second else { return nil }
        return clamped(first + second)
    }
}
