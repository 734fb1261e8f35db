/// What became of the rows of a file.
struct RowCounts {
    private(set) var rows = 0
    /// Longer than they may be, and cut.
    private(set) var cut = 0
    /// Longer than they may be, and left out because that was asked for.
    private(set) var dropped = 0
    /// Left out because the cut took away all that is learned.
    private(set) var cutAway = 0
    /// Left out because nothing in them is learned.
    private(set) var empty = 0

    /// Rows with more ids than they may have.
    var long: Int { cut + dropped + cutAway }

    /// - Parameter fitted: what is left of the example; nil where it is left out.
    mutating func add(_ example: Example, fitted: Example?) {
        rows += 1
        guard example.targetCount > 0 else {
            empty += 1
            return
        }
        guard let fitted else {
            dropped += 1
            return
        }
        if fitted.targetCount == 0 {
            cutAway += 1
        } else if fitted.ids.count < example.ids.count {
            cut += 1
        }
    }

    /// One line for each thing that the user should know.
    func notices(limit: Int?) -> [String] {
        let length = "sequence_len \(limit ?? 0)"
        return [
            (cut, "were cut to \(length)"),
            (dropped, "were left out: they are longer than \(length)"),
            (cutAway, "were left out: all that is learned in them lies behind \(length)"),
            (empty, "were left out: there is nothing in them to predict"),
        ].filter { $0.0 > 0 }.map { "\($0.0) of \(rows) rows \($0.1)" }
    }
}
