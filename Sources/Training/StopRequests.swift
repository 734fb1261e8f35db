import Foundation
import Synchronization

/// What a signal or the trigger file asks of a run; ranks agree on it at micro-batch boundaries.
package struct Requests: OptionSet, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// Save and end with exit code 75.
    package static let stop = Requests(rawValue: 1)
    /// Save and go on.
    package static let save = Requests(rawValue: 2)
}

/// The signals that ask this process for a checkpoint.
package enum SignalRequests {
    private static let received = Atomic<Int32>(0)

    /// From now on each of these signals asks for a stop instead of ending the process.
    package static func install(_ signals: [Int32]) {
        received.store(0, ordering: .relaxed)  // also makes sure that the handler finds it initialised
        for signal in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { SignalRequests.received.store($0, ordering: .relaxed) }
            action.sa_flags = Int32(SA_RESTART)
            sigaction(signal, &action, nil)
        }
    }

    /// The last signal that arrived; nil if none has.
    package static var signal: Int32? {
        let value = received.load(ordering: .relaxed)
        return value == 0 ? nil : value
    }

    /// The usual name of a signal: `SIGTERM`.
    package static func name(of signal: Int32) -> String {
        switch signal {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        default: "signal \(signal)"
        }
    }
}
