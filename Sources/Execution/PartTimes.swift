import Transformer

/// Seconds that the parts of steps took, for benchmarks.
package final class PartTimes: ProductTimer {
    package private(set) var seconds: [String: Double] = [:]
    /// Of the parts' time, what products with the weights of linear layers took.
    package private(set) var productSeconds = 0.0
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

    package func measureProducts(_ body: () -> Void) {
        let start = clock.now
        body()
        productSeconds += start.duration(to: clock.now).seconds
    }
}
