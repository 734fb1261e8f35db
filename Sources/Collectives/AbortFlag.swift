import Synchronization

/// Whether the ranks of a world are to end, seen by all its groups, and by the other processes of a node over MPI.
final class AbortFlag: @unchecked Sendable {
    // Sendable: the window never changes, and the word in it is atomic.
    private let window: SharedWindow
    /// 0, or the exit code plus 1: fresh windows are zero.
    private let word: UnsafeMutablePointer<Atomic<Int32>>

    init(window: SharedWindow) {
        precondition(window.bytes.count >= MemoryLayout<Atomic<Int32>>.size)
        self.window = window
        word = window.bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Atomic<Int32>.self)
    }

    /// A flag of this process alone.
    convenience init() {
        // One page: where even that is missing nothing can go on.
        guard let window = try? SharedWindow(byteCount: 64, descriptor: nil) else { fatalError("out of memory") }
        self.init(window: window)
    }

    /// Remembers the first exit code; later ones change nothing.
    func raise(_ exitCode: Int32) {
        let code = min(max(exitCode, 0), 255)
        _ = word.pointee.compareExchange(expected: 0, desired: code + 1, ordering: .acquiringAndReleasing)
    }

    var error: CollectiveError? {
        let value = word.pointee.load(ordering: .acquiring)
        return value == 0 ? nil : .aborted(exitCode: value - 1)
    }
}
