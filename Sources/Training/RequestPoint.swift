package import Collectives
import Foundation

/// The point at each micro-batch boundary where all ranks agree on what has been asked of any of them.
///
/// A step may last an hour and a scheduler gives seconds: a request is seen at the next boundary, and a signal at any
/// one rank is enough.
package final class RequestPoint {
    private let communicator: any Communicator
    private let triggerPath: String
    /// Seconds between checkpoints; nil: never by time.
    private let saveInterval: Duration?
    private let clock = ContinuousClock()
    private var lastSave: ContinuousClock.Instant

    package init(communicator: any Communicator, triggerPath: String, saveMinutes: Double) {
        self.communicator = communicator
        self.triggerPath = triggerPath
        saveInterval = saveMinutes > 0 ? .seconds(saveMinutes * 60) : nil
        lastSave = clock.now
    }

    /// What any rank was asked for since the last checkpoint. All ranks call it.
    package func agree() throws -> Requests {
        let own = local()
        if communicator.size == 1 { return own }
        // The stop bit outweighs the save bit, and a stop saves too: the maximum is the union.
        return Requests(rawValue: try communicator.allReduce(own.rawValue, .max))
    }

    /// Starts the wait for the next checkpoint by time anew, and takes the trigger file away.
    package func didSave() {
        lastSave = clock.now
        if communicator.isCoordinator { unlink(triggerPath) }
    }

    private func local() -> Requests {
        if SignalRequests.signal != nil, !communicator.isAborting { return .stop }
        guard communicator.isCoordinator else { return [] }
        if let saveInterval, clock.now - lastSave >= saveInterval { return .save }
        return access(triggerPath, F_OK) == 0 ? .save : []
    }
}
