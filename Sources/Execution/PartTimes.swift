/// Seconds that the parts of steps took, for benchmarks.
package final class PartTimes {
    package private(set) var seconds: [String: Double] = [:]
    private let clock = ContinuousClock()

    package init() {}

    /// Runs `body` and adds its time to a part.
    package func measure<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
        let start = clock.now
        defer {
            seconds[part, default: 0] += start.duration(to: clock.now).seconds
        }
        return try body()
    }
}
