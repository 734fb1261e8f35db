/// An operation that was started and must be waited for, on every path.
///
/// Dropping it unfinished traps: its buffers would be freed under an operation that still uses them. Only after the
/// group has failed, or a rank has aborted, may it be dropped, so that an error can unwind past other requests.
package struct PendingRequest: ~Copyable, Sendable {
    private let owner: any RequestOwner
    private let ticket: Int
    private let kind: CollectiveCall.Kind
    private var isFinished = false

    init(owner: any RequestOwner, ticket: Int, kind: CollectiveCall.Kind) {
        self.owner = owner
        self.ticket = ticket
        self.kind = kind
    }

    /// Whether `wait()` would return without delay.
    package var isComplete: Bool { owner.isComplete(ticket) }

    /// Returns when the operation is done and its buffers are the caller's again.
    package consuming func wait() throws(CollectiveError) {
        isFinished = true
        try owner.wait(ticket)
    }

    /// Waits and ignores the outcome: for the way out after another error.
    package consuming func drain() {
        isFinished = true
        try? owner.wait(ticket)
    }

    deinit {
        precondition(
            isFinished || owner.hasFailed,
            "a pending \(kind) was dropped: call wait() on every path, or drain() on the way out after an error")
    }
}

/// What keeps the operations in flight; each ticket is waited for once.
protocol RequestOwner: AnyObject, Sendable {
    var hasFailed: Bool { get }
    func isComplete(_ ticket: Int) -> Bool
    func wait(_ ticket: Int) throws(CollectiveError)
}
