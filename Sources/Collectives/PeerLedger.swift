/// What a process knows of the others that it watches, and whom it takes for lost; it knows no sockets.
package struct PeerLedger {
    private enum Status: Equatable {
        case present
        /// It said goodbye, or will not be watched.
        case left
        case ended
        case unreachable
    }

    private struct Peer {
        let identity: RankIdentity
        var status = Status.present
        var lastHeard: Double
    }

    private let timing: HeartbeatTiming
    private var peers: [Int: Peer] = [:]
    /// The run is ending in order, or somebody is lost already: what closes now is no news.
    private var isEnding = false

    package init(timing: HeartbeatTiming) { self.timing = timing }

    /// Begins to watch a rank.
    package mutating func add(_ identity: RankIdentity, at now: Double) {
        peers[identity.rank] = Peer(identity: identity, lastHeard: now)
    }

    package mutating func heard(_ rank: Int, at now: Double) { peers[rank]?.lastHeard = now }

    /// The rank said that it leaves.
    package mutating func left(_ rank: Int, exitCode: Int32) {
        peers[rank]?.status = .left
        // It has said why it ends the run, and the launcher ends the others in any order.
        if exitCode != 0 { isEnding = true }
    }

    /// Its connection has been closed by the process, or by the end of it.
    package mutating func closed(_ rank: Int) { change(rank, to: .ended) }

    /// Its connection has been given up by this host.
    package mutating func gaveUp(_ rank: Int) { change(rank, to: .unreachable) }

    private mutating func change(_ rank: Int, to status: Status) {
        if peers[rank]?.status == .present { peers[rank]?.status = status }
    }

    /// Who is lost; all that were lost in the same way are named together. At most one loss is ever told.
    package mutating func judge(at now: Double) -> RankLoss? {
        guard !isEnding, let loss = findLoss(at: now) else { return nil }
        isEnding = true
        return loss
    }

    private func findLoss(at now: Double) -> RankLoss? {
        if let gone = ranks(where: { $0.status == .unreachable }).first {
            // Connections to the same host are given up one after the other, but it fell silent as a whole.
            let lost = ranks {
                $0.status == .unreachable
                    || $0.identity.host == gone.identity.host && $0.status == .present
                        && now - $0.lastHeard >= timing.unreachable / 2
            }
            return loss(lost, .unreachable(seconds: Int(now - gone.lastHeard)))
        }
        if let ended = ranks(where: { $0.status == .ended }).first { return loss([ended], .ended) }
        let silent = ranks { $0.status == .present && now - $0.lastHeard >= timing.silence }
        guard let first = silent.first else { return nil }
        let lost = ranks { $0.status == .present && now - $0.lastHeard >= timing.silence - 2 * timing.interval }
        return loss(lost, .stopped(seconds: Int(now - first.lastHeard)))
    }

    private func ranks(where condition: (Peer) -> Bool) -> [Peer] {
        peers.values.filter(condition).sorted { $0.identity.rank < $1.identity.rank }
    }

    private func loss(_ peers: [Peer], _ cause: RankLoss.Cause) -> RankLoss {
        RankLoss(ranks: peers.map(\.identity), cause: cause)
    }
}
