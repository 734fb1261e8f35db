import Foundation

/// A rank's side of the heartbeats: its connection to the coordinator.
///
/// It has no thread and no clock of its own: whoever owns it calls `turn` now and then.
package final class HeartbeatLink {
    /// What a rank learns in a turn.
    package enum News: Equatable {
        /// The coordinator is lost.
        case coordinatorLost(RankLoss)
        /// The coordinator has lost a rank, and ends the run.
        case endingAfterLoss(rank: Int)
        /// The coordinator ends the run for a reason of its own.
        case ending(exitCode: Int32)
    }

    private let timing: HeartbeatTiming
    private var connection: HeartbeatConnection
    private var ledger: PeerLedger
    private var lastBeat = -Double.infinity

    /// Connects to the coordinator at the first address that answers as it should; nil where none does.
    /// - Parameter limit: seconds that one address is given.
    package init?(
        rank: Int, coordinator: RankIdentity, session: HeartbeatSession, candidates: [IPv4Address],
        timing: HeartbeatTiming, limit: Double = 5
    ) {
        var connection: HeartbeatConnection?
        for address in candidates where connection == nil {
            connection = Self.connect(to: address, rank: rank, session: session, limit: limit)
        }
        guard let connection else { return nil }
        self.connection = connection
        self.timing = timing
        ledger = PeerLedger(timing: timing)
        ledger.add(coordinator, at: 0)
        connection.socket.setAcknowledgementLimit(seconds: timing.unreachable)
    }

    private static func connect(
        to address: IPv4Address, rank: Int, session: HeartbeatSession, limit: Double
    ) -> HeartbeatConnection? {
        guard let socket = StreamSocket.connecting(to: address, port: session.port) else { return nil }
        socket.wait(for: POLLOUT, seconds: limit)
        var connection = HeartbeatConnection(socket)
        connection.send(.hello(rank: rank, secret: session.question))
        socket.wait(for: POLLIN, seconds: limit)
        guard case .hello(0, session.answer) = connection.receive().first else { return nil }
        return connection
    }

    package var descriptor: Int32 { connection.socket.descriptor }

    /// Takes what has arrived, and sends a beat where one is due.
    package func turn(at now: Double, totals: StepTotals) -> News? {
        if now - lastBeat >= timing.interval {
            lastBeat = now
            connection.send(.beat(totals))
        }
        let frames = connection.receive()
        if !frames.isEmpty { ledger.heard(0, at: now) }
        for frame in frames {
            switch frame {
            case .lost(let rank):
                ledger.left(0, exitCode: 0)
                return .endingAfterLoss(rank: rank)
            case .goodbye(let exitCode):
                ledger.left(0, exitCode: exitCode)
                if exitCode != 0 { return .ending(exitCode: exitCode) }
            case .beat, .hello: break
            }
        }
        switch connection.state {
        case .open: break
        case .closed: ledger.closed(0)
        case .unreachable: ledger.gaveUp(0)
        }
        return ledger.judge(at: now).map { .coordinatorLost($0) }
    }

    package func tell(_ frame: HeartbeatFrame) { connection.send(frame) }
}
