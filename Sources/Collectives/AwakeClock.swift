/// Seconds for which this process has been able to listen.
///
/// Where the whole run is stopped and goes on later (a suspended job, a paused machine), every rank finds the others
/// silent for hours of the system's clock; this one counts at most `longestTick` between two looks.
package struct AwakeClock {
    package static let longestTick = 2.0

    package private(set) var seconds = 0.0
    private var last: Double?

    package init() {}

    /// - Parameter now: seconds on a clock that never goes back.
    /// - Returns: the seconds so far.
    package mutating func tick(at now: Double) -> Double {
        if let last { seconds += min(max(now - last, 0), Self.longestTick) }
        last = now
        return seconds
    }
}
