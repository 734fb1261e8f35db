/// Seconds that the parts of steps took, for benchmarks.
package final class PartTimes {
    package private(set) var seconds: [String: Double] = [:]
    private let clock = ContinuousClock()

    package init() {}

    package func reset() { seconds = [:] }

    /// Runs `body` and adds its time to a part.
    package func measure<Result>(_ part: String, _ body: () throws -> Result) rethrows -> Result {
        let start = clock.now
        defer {
            let time = start.duration(to: clock.now).components
            seconds[part, default: 0] += Double(time.seconds) + Double(time.attoseconds) * 1e-18
        }
        return try body()
    }
}
