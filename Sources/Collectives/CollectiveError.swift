/// Why ranks cannot go on together; its description is one line.
package enum CollectiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A rank called `abort(exitCode:)`; it has said why.
    case aborted(exitCode: Int32)
    /// An operation failed, and with it the rank, the host or the link that took part in it.
    case peerLost(operation: String, reason: String)
    /// The ranks were started in a way that cannot work.
    case launch(String)
    /// Memory that the ranks of a node share cannot be had.
    case sharedMemory(byteCount: Int, reason: String)

    package var description: String {
        switch self {
        case .aborted(let exitCode):
            "another rank ended the run (exit code \(exitCode)); its own message says why"
        case .peerLost(let operation, let reason):
            "\(operation): a rank, a host or a link was lost (\(reason)); run again to resume from the last checkpoint"
        case .launch(let message):
            message
        case .sharedMemory(let byteCount, let reason):
            "cannot share \(byteCount) bytes between the ranks of a node (\(reason)); "
                + "raise distributed.nodes_per_copy or ask the scheduler for more memory"
        }
    }

    /// The exit code of a process that ends for this reason.
    package var exitCode: Int32 {
        switch self {
        case .aborted(let exitCode): exitCode
        case .peerLost: 71
        case .launch: 64
        case .sharedMemory: 69
        }
    }
}
