import Foundation

/// The coordinator's side of the heartbeats: one connection a rank, and what it tells.
///
/// It has no thread and no clock of its own: whoever owns it calls `turn` now and then.
package final class HeartbeatHub {
    /// Somebody who has connected and not shown the secret yet.
    private struct Newcomer {
        var connection: HeartbeatConnection
        let since: Double
    }

    package let session: HeartbeatSession
    private let listener: StreamSocket
    private let timing: HeartbeatTiming
    private let identities: [RankIdentity]
    private var newcomers: [Newcomer] = []
    private var connections: [Int: HeartbeatConnection] = [:]
    private var ledger: PeerLedger
    private var detector = StragglerDetector()
    private var lastBeat = -Double.infinity

    /// - Parameter identities: all ranks, in their order; the coordinator is the first.
    /// - Returns: nil where this host gives no port.
    package init?(identities: [RankIdentity], addresses: [IPv4Address], timing: HeartbeatTiming) {
        guard let (socket, port) = StreamSocket.listening(backlog: Int32(clamping: identities.count + 64)) else {
            return nil
        }
        listener = socket
        session = HeartbeatSession(question: .random(), answer: .random(), port: port, addresses: addresses)
        self.identities = identities
        self.timing = timing
        ledger = PeerLedger(timing: timing)
    }

    /// How many ranks are connected.
    package var rankCount: Int { connections.count }

    /// What to wait for until the next turn; few ranks are answered at once, many are looked at now and then.
    package var descriptors: [Int32] {
        let ranks = connections.count <= 64 ? connections.values.map(\.socket.descriptor) : []
        return [listener.descriptor] + newcomers.map(\.connection.socket.descriptor) + ranks
    }

    /// Takes what has arrived, and sends a beat where one is due.
    /// - Returns: who is lost; told once.
    package func turn(at now: Double) -> RankLoss? {
        accept(at: now)
        for rank in Array(connections.keys) { receive(from: rank, at: now) }
        if now - lastBeat >= timing.interval {
            lastBeat = now
            tellAll(.beat(StepTotals()))
        }
        return ledger.judge(at: now)
    }

    /// Takes the coordinator's own totals.
    package func report(_ totals: StepTotals) { detector.report(totals, of: 0) }

    /// The rank that the others have waited for, if there is one to tell of.
    package func straggler(at now: Double) -> Straggler? {
        detector.judge(at: now).map {
            Straggler(rank: identities[$0.rank], ratio: $0.ratio, share: $0.share)
        }
    }

    package func tellAll(_ frame: HeartbeatFrame) {
        for rank in Array(connections.keys) { connections[rank]?.send(frame) }
    }

    private func accept(at now: Double) {
        while let socket = listener.accept() {
            // Strangers that say nothing must not take the places of ranks.
            if newcomers.count >= identities.count + 64 { newcomers.removeFirst() }
            newcomers.append(Newcomer(connection: HeartbeatConnection(socket), since: now))
        }
        var waiting: [Newcomer] = []
        for var newcomer in newcomers {
            let frames = newcomer.connection.receive()
            switch frames.first {
            case .hello(let rank, session.question) where (1..<identities.count).contains(rank):
                admit(newcomer.connection, as: rank, frames.dropFirst(), at: now)
            case nil where newcomer.connection.state == .open && now - newcomer.since < 10: waiting.append(newcomer)
            default: break
            }
        }
        newcomers = waiting
    }

    private func admit(
        _ connection: HeartbeatConnection, as rank: Int, _ frames: ArraySlice<HeartbeatFrame>, at now: Double
    ) {
        var connection = connection
        connection.socket.setAcknowledgementLimit(seconds: timing.unreachable)
        connection.send(.hello(rank: 0, secret: session.answer))
        connections[rank] = connection
        ledger.add(identities[rank], at: now)
        for frame in frames { take(frame, from: rank) }
    }

    private func receive(from rank: Int, at now: Double) {
        let frames = connections[rank]?.receive() ?? []
        if !frames.isEmpty { ledger.heard(rank, at: now) }
        for frame in frames { take(frame, from: rank) }
        guard let state = connections[rank]?.state, state != .open else { return }
        if state == .closed { ledger.closed(rank) } else { ledger.gaveUp(rank) }
        connections[rank] = nil
    }

    private func take(_ frame: HeartbeatFrame, from rank: Int) {
        switch frame {
        case .beat(let totals): detector.report(totals, of: rank)
        case .goodbye(let exitCode): ledger.left(rank, exitCode: exitCode)
        case .lost, .hello: break
        }
    }
}
