/// What the ranks of one in-process group have in common; everything mutable is guarded by the world's monitor.
///
/// The n-th operation of each rank belongs to round n. The rank that arrives last does the work for all, with the lock
/// held, so that an abort never meets a copy under way.
final class InProcessGroup: @unchecked Sendable {
    // Sendable: `rounds` is touched only with the monitor's lock held; the rest never changes.

    /// One operation, as far as the ranks have come with it.
    struct Round {
        var sequence = -1
        /// What the first rank to arrive has issued; the others must agree.
        var first: CollectiveCall?
        var calls: [CollectiveCall]
        var arrived = 0
        var left = 0
        var isDone: Bool { arrived == calls.count }
        var isFree: Bool { sequence < 0 }
    }

    let size: Int
    let nodes: NodeNumbering
    /// Held by all groups of a world.
    let shared: Monitor<InProcessWorld.Shared>
    let flag: AbortFlag
    private var rounds: [Round]

    init(nodes: NodeNumbering, shared: Monitor<InProcessWorld.Shared>, flag: AbortFlag) {
        size = nodes.nodeOfRank.count
        self.nodes = nodes
        self.shared = shared
        self.flag = flag
        rounds = (0..<16).map { [size] _ in Round(calls: Self.noCalls(size)) }
    }

    private static func noCalls(_ size: Int) -> [CollectiveCall] {
        [CollectiveCall](repeating: CollectiveCall(.barrier), count: size)
    }

    /// One communicator per rank, with those of its node.
    func makeCommunicators() -> [any Communicator] {
        if size == 1 { return [makeSolo()] }
        var nodeOfRank = [(any Communicator)?](repeating: nil, count: size)
        if nodes.nodeCount > 1 {
            for node in 0..<nodes.nodeCount {
                let ranks = nodes.ranks(ofNode: node)
                let numbering = NodeNumbering(homes: ranks.map { _ in 0 })
                let group = InProcessGroup(nodes: numbering, shared: shared, flag: flag)
                for (rank, communicator) in zip(ranks, group.makeCommunicators()) { nodeOfRank[rank] = communicator }
            }
        }
        return nodeOfRank.enumerated().map { InProcessCommunicator(group: self, rank: $0.offset, node: $0.element) }
    }

    private func makeSolo() -> SoloCommunicator {
        SoloCommunicator(flag: flag, onAbort: { [shared] _ in shared.notifyAll() })
    }

    // MARK: With the lock held

    /// Rank `rank` arrives at round `sequence`; true when it was the last one, and the round is done.
    ///
    /// Once a rank has aborted nobody arrives any more: no round is done, and no buffer touched, after that.
    func arrive(_ call: CollectiveCall, rank: Int, sequence: Int) -> Bool {
        guard flag.error == nil else { return false }
        let index = claimRound(sequence)
        rounds[index].first?.checkAgreement(with: call)
        if rounds[index].arrived == 0 { rounds[index].first = call }
        rounds[index].calls[rank] = call
        rounds[index].arrived += 1
        guard rounds[index].isDone else { return false }
        CollectiveCall.complete(rounds[index].calls)
        return true
    }

    func isDone(_ sequence: Int) -> Bool {
        let round = rounds[sequence & (rounds.count - 1)]
        return round.sequence == sequence && round.isDone
    }

    /// Rank by rank, the group leaves a round that is done; the last one frees its place.
    func leave(_ sequence: Int) {
        let index = sequence & (rounds.count - 1)
        rounds[index].left += 1
        guard rounds[index].left == size else { return }
        rounds[index].sequence = -1
        rounds[index].first = nil
        rounds[index].arrived = 0
        rounds[index].left = 0
    }

    /// The place of a round; more places are made when some rank is that far ahead of another.
    private func claimRound(_ sequence: Int) -> Int {
        while true {
            let index = sequence & (rounds.count - 1)
            if rounds[index].sequence == sequence { return index }
            if rounds[index].isFree {
                rounds[index].sequence = sequence
                return index
            }
            growRounds()
        }
    }

    private func growRounds() {
        var grown = (0..<rounds.count * 2).map { [size] _ in Round(calls: Self.noCalls(size)) }
        for round in rounds where !round.isFree { grown[round.sequence & (grown.count - 1)] = round }
        rounds = grown
    }
}
