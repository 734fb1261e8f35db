/// How long the comm thread sleeps between two looks at MPI, and how often it looks when it wakes.
struct Pace {
    /// What is in flight.
    enum Load {
        /// Nothing here; a message that MPI has buffered may still need a push now and then.
        case idle
        /// Only small operations, which are done as soon as the last rank joins.
        case light
        /// Operations that MPI moves a fragment at a time.
        case bulk

        var looks: Int { self == .bulk ? 16 : 1 }
    }

    private var tries = 0

    /// Something happened: the next thing may be near.
    mutating func restart() { tries = 0 }

    /// Nanoseconds until the next look: short at first, then a small fraction of the time that has passed.
    /// - Parameter isAwaited: a thread waits for an operation.
    mutating func delay(for load: Load, isAwaited: Bool) -> Int {
        tries = min(tries + 1, 1_000)
        // A waiting thread has nothing to do, so its core is ours for the time that a small operation takes.
        if isAwaited && load != .idle && tries <= 50 { return 0 }
        switch load {
        case .idle: return min(20_000_000, 200_000 << min(tries, 8))
        case .light: return min(1_000_000, 20_000 << (tries / 32))
        case .bulk: return min(200_000, 20_000 << (tries / 32))
        }
    }
}
