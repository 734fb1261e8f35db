/// How long the comm thread sleeps between two looks at MPI.
struct Pace {
    private var tries = 0

    /// Something happened: the next thing may be near.
    mutating func restart() { tries = 0 }

    /// Nanoseconds until the next look.
    /// - Parameters:
    ///   - isIdle: nothing is in flight here; a message that MPI has buffered may still need a push now and then.
    ///   - isAwaited: a thread waits for an operation.
    mutating func delay(isIdle: Bool, isAwaited: Bool) -> Int {
        tries = min(tries + 1, 1_000)
        if isIdle { return min(20_000_000, 200_000 << min(tries, 8)) }
        // A waiting thread has nothing to do, so its core is ours for the time that a small operation takes.
        if isAwaited && tries <= 50 { return 0 }
        return min(200_000, 20_000 << (tries / 32))
    }
}
