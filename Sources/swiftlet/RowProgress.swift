import Reporting

/// Says on stderr from time to time how far a pass over rows is.
struct RowProgress {
    let rows: Int
    private let clock = ContinuousClock()
    private var last = ContinuousClock().now

    private static let pace = Duration.seconds(10)

    init(rows: Int) { self.rows = rows }

    mutating func report(_ done: Int) {
        guard done < rows, last.duration(to: clock.now) >= Self.pace else { return }
        last = clock.now
        Console.note("\(Wording.count(done)) of \(Wording.plural(rows, "row"))")
    }
}
