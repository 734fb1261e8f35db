import Synchronization

/// Whether the ranks of a world are to end, seen by all its groups.
final class AbortFlag: Sendable {
    private let code = Atomic<Int32>(-1)

    /// Remembers the first exit code; later ones change nothing.
    func raise(_ exitCode: Int32) {
        _ = code.compareExchange(expected: -1, desired: max(0, exitCode), ordering: .acquiringAndReleasing)
    }

    var error: CollectiveError? {
        let code = code.load(ordering: .acquiring)
        return code < 0 ? nil : .aborted(exitCode: code)
    }
}
