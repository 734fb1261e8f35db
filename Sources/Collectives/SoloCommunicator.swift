import Synchronization

/// A group of one rank: every operation is a copy at most, made at once; no thread, no MPI.
package final class SoloCommunicator: Communicator {
    private let counted = Mutex(Traffic())
    private let flag: AbortFlag
    private let onAbort: (@Sendable (Int32) -> Void)?

    /// A world of its own, not a part of another.
    package convenience init() { self.init(flag: AbortFlag(), onAbort: nil) }

    /// A subgroup of a larger world, which is asked to end with it.
    init(flag: AbortFlag, onAbort: (@Sendable (Int32) -> Void)?) {
        self.flag = flag
        self.onAbort = onAbort
    }

    package var rank: Int { 0 }
    package var size: Int { 1 }
    package var node: any Communicator { self }
    package var nodeIndex: Int { 0 }
    package var nodeCount: Int { 1 }
    package var ranksOnHost: Int { 1 }
    package var traffic: Traffic { counted.withLock { $0 } }
    package var isAborting: Bool { flag.error != nil }

    package func start(_ call: CollectiveCall) -> PendingRequest {
        counted.withLock { $0.count(call, rank: 0, size: 1) }
        if flag.error == nil { CollectiveCall.complete(CollectionOfOne(call)) }
        return PendingRequest(owner: self, ticket: 0, kind: call.kind)
    }

    package func split(by number: Int) throws(CollectiveError) -> any Communicator {
        SoloCommunicator(flag: flag, onAbort: onAbort)
    }

    package func regrouped(ranksPerNode: Int) throws(CollectiveError) -> any Communicator {
        precondition(ranksPerNode > 0)
        return SoloCommunicator(flag: flag, onAbort: onAbort)
    }

    package func makeSharedWindow(byteCount: Int) throws(CollectiveError) -> SharedWindow {
        try SharedWindow(byteCount: byteCount, descriptor: nil)
    }

    package func abort(exitCode: Int32) {
        flag.raise(exitCode)
        onAbort?(exitCode)
    }
}

extension SoloCommunicator: RequestOwner {
    var hasFailed: Bool { isAborting }

    func isComplete(_ ticket: Int) -> Bool { true }

    func wait(_ ticket: Int) throws(CollectiveError) {
        if let error = flag.error { throw error }
    }
}
