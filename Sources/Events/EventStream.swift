import Synchronization

/// Something that is told every event of a run, in order.
package protocol EventConsumer: AnyObject, Sendable {
    /// Takes one event; calls never overlap.
    ///
    /// - Throws: where what it writes cannot be written; the run stops.
    func receive(_ event: Event) throws
}

/// Hands every event to every consumer, in the order in which the consumers were given.
package final class EventStream: Sendable {
    private let consumers: [any EventConsumer]
    private let turn = Mutex<Void>(())

    /// A stream without consumers is silent: what ranks other than the coordinator have.
    package init(_ consumers: [any EventConsumer] = []) {
        self.consumers = consumers
    }

    package func send(_ event: Event) throws {
        try turn.withLock { _ in
            for consumer in consumers { try consumer.receive(event) }
        }
    }
}
