/// What becomes of the delimiters that a text is split at, under the tokenizers library's names.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// A stretch of text that is a delimiter, or what lies between two.
    struct Stretch {
        var range: Range<Int>
        var isDelimiter: Bool
    }

    /// Appends the pieces that contiguous stretches make; an empty stretch makes none.
    func pieces(of stretches: [Stretch], into pieces: inout [Range<Int>]) {
        switch self {
        case .isolated: append(stretches.map(\.range), to: &pieces)
        case .removed: append(stretches.filter { !$0.isDelimiter }.map(\.range), to: &pieces)
        case .contiguous: append(Self.contiguous(stretches), to: &pieces)
        case .mergedWithPrevious: append(Self.merged(stretches), to: &pieces)
        case .mergedWithNext: append(Self.mergedBackwards(stretches), to: &pieces)
        }
    }

    private func append(_ ranges: [Range<Int>], to pieces: inout [Range<Int>]) {
        pieces.append(contentsOf: ranges.lazy.filter { !$0.isEmpty })
    }

    private static func contiguous(_ stretches: [Stretch]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var previous = false
        for stretch in stretches {
            if stretch.isDelimiter == previous, let last = ranges.last {
                ranges[ranges.count - 1] = last.lowerBound..<stretch.range.upperBound
            } else {
                ranges.append(stretch.range)
            }
            previous = stretch.isDelimiter
        }
        return ranges
    }

    private static func merged(_ stretches: [Stretch]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var previous = false
        for stretch in stretches {
            if stretch.isDelimiter, !previous, let last = ranges.last {
                ranges[ranges.count - 1] = last.lowerBound..<stretch.range.upperBound
            } else {
                ranges.append(stretch.range)
            }
            previous = stretch.isDelimiter
        }
        return ranges
    }

    /// The mirror image of `merged`.
    private static func mergedBackwards(_ stretches: [Stretch]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var previous = false
        for stretch in stretches.reversed() {
            if stretch.isDelimiter, !previous, let last = ranges.last {
                ranges[ranges.count - 1] = stretch.range.lowerBound..<last.upperBound
            } else {
                ranges.append(stretch.range)
            }
            previous = stretch.isDelimiter
        }
        return ranges.reversed()
    }
}
