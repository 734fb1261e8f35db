import Dispatch
import Foundation

/// Watches that all ranks live, over connections of its own: where a rank hangs, so do all collective operations.
///
/// A thread of each process exchanges a heartbeat a second with the coordinator's. Whoever finds a rank lost names it
/// and ends the run with exit code 71, whatever the other threads do meanwhile.
package final class RankWatch: @unchecked Sendable {
    // Sendable: everything mutable is in the monitor; the duty belongs to the thread.

    /// The exit code of a run that has lost a rank.
    static let exitCode: Int32 = 71

    /// What a watch does to the world around it.
    struct Effects: Sendable {
        /// Says who is lost.
        let report: @Sendable (RankLoss) -> Void
        /// Whether the run is ending already.
        let isEnding: @Sendable () -> Bool
        /// Ends the run.
        let end: @Sendable (Int32) -> Void
        /// Nanoseconds that this rank has waited for others so far.
        let waited: @Sendable () -> Int
    }

    private struct State {
        var totals = StepTotals()
        var stepBegin: (time: UInt64, waited: Int)?
        var straggler: Straggler?
        var goodbye: Int32?
        var hasSaidGoodbye = false
        var isStopping = false
        var hasStopped = false
    }

    private let state = Monitor(State())
    private let duty: any WatchDuty
    private let effects: Effects
    /// Written to, it ends the thread's wait.
    private let bell: (read: Int32, write: Int32)

    /// Takes up the duty on a thread of its own.
    private init(_ duty: any WatchDuty, effects: Effects) {
        self.duty = duty
        self.effects = effects
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no descriptor is left")
        bell = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        let thread = Thread { [self] in run() }
        thread.name = "swiftlet-watch"
        thread.stackSize = 1 << 20
        thread.start()
    }

    deinit {
        close(bell.read)
        close(bell.write)
    }

    // MARK: Beginning

    /// Connects all ranks of a world to the coordinator; all of them call it.
    ///
    /// - Returns: the watch, and the ranks that cannot reach the coordinator and are not watched; nil in place of the
    ///   watch on those.
    static func begin(
        _ world: any Communicator, timing: HeartbeatTiming = HeartbeatTiming(), effects: Effects
    ) throws(CollectiveError) -> (watch: RankWatch?, unwatched: [RankIdentity]) {
        let own = RankIdentity(ownRank: world.rank)
        let identities = try world.allGather(own.bytes).enumerated().map { RankIdentity(rank: $0, bytes: $1) }
        let interfaces = NetworkInterface.all()
        var watch: RankWatch?
        var session: [UInt8] = []
        if world.isCoordinator {
            let addresses = NetworkInterface.reachable(
                interfaces, environment: ProcessInfo.processInfo.environment)
            if let hub = HeartbeatHub(identities: identities, addresses: addresses, timing: timing) {
                session = hub.session.bytes
                watch = RankWatch(CoordinatorDuty(hub: hub, timing: timing), effects: effects)
            }
        }
        session = try world.broadcast(session)
        if !world.isCoordinator, let session = HeartbeatSession(session) {
            let candidates = session.candidates(
                isSameHost: own.host == identities[0].host, own: interfaces.map(\.address))
            let link = HeartbeatLink(
                rank: world.rank, coordinator: identities[0], session: session, candidates: candidates, timing: timing)
            watch = link.map {
                let duty = MemberDuty(link: $0, identities: identities, rank: world.rank, timing: timing)
                return RankWatch(duty, effects: effects)
            }
        }
        let isWatched = try world.allGather(watch == nil ? 0 : 1)
        return (watch, identities.filter { isWatched[$0.rank] == 0 })
    }

    // MARK: On any thread

    /// This rank begins a step.
    package func stepBegins() {
        let begin = (time: Self.now(), waited: effects.waited())
        state.withLock { $0.stepBegin = begin }
    }

    /// This rank has done a step, in which `tokens` went through its own micro-batches.
    package func stepEnds(tokens: Int) {
        let (time, waited) = (Self.now(), effects.waited())
        state.withLock { state in
            guard let begin = state.stepBegin else { return }
            let whole = Int64(time - begin.time)
            state.totals.steps += 1
            state.totals.tokens += Int64(tokens)
            state.totals.whole += whole
            state.totals.busy += max(whole - Int64(waited - begin.waited), 0)
            state.stepBegin = nil
        }
    }

    /// On the coordinator, a rank that the others have waited for since the last call.
    package func takeStraggler() -> Straggler? {
        state.withLock { state in
            defer { state.straggler = nil }
            return state.straggler
        }
    }

    /// Tells the others that this process leaves, so that its end is no loss; where `exitCode` is not 0, it has said
    /// why, and the whole run ends.
    func sayGoodbye(exitCode: Int32) {
        state.withLock { $0.goodbye = $0.goodbye ?? exitCode }
        ring()
        _ = state.wait(nanoseconds: 500_000_000) { $0.hasSaidGoodbye || $0.hasStopped ? true : nil }
    }

    /// Ends the thread and closes its connections.
    func stop() {
        state.withLock { $0.isStopping = true }
        ring()
        _ = state.wait(nanoseconds: 2_000_000_000) { $0.hasStopped ? true : nil }
    }

    private func ring() {
        var byte: UInt8 = 0
        _ = write(bell.write, &byte, 1)
    }

    /// Nanoseconds on a clock that never goes back.
    private static func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

    // MARK: On the thread

    private func run() {
        var clock = AwakeClock()
        while true {
            let now = clock.tick(at: Double(Self.now()) / 1e9)
            let (totals, goodbye, isStopping) = state.withLock { ($0.totals, $0.goodbye, $0.isStopping) }
            if let goodbye, !state.withLock({ $0.hasSaidGoodbye }) {
                duty.sayGoodbye(exitCode: goodbye)
                state.withLock { $0.hasSaidGoodbye = true }
                state.notifyAll()
            }
            if isStopping { break }
            carryOut(duty.turn(at: now, totals: totals))
            if let straggler = duty.straggler(at: now) { state.withLock { $0.straggler = straggler } }
            wait(for: duty.descriptors)
        }
        state.withLock { $0.hasStopped = true }
        state.notifyAll()
    }

    private func carryOut(_ verdict: WatchVerdict) {
        guard !effects.isEnding() else { return }
        if let loss = verdict.loss { effects.report(loss) }
        guard let exitCode = verdict.exitCode else { return }
        state.withLock { $0.hasSaidGoodbye = true }
        if verdict.isCutOff { Self.endDaemon() }
        effects.end(exitCode)
    }

    /// Ends Open MPI's daemon on a host that is cut off, which would wait for its peer for a quarter of an hour where
    /// something it has sent is not acknowledged: then TCP does not ask whether the peer is alive.
    private static func endDaemon() {
        let parent = getppid()
        guard let name = try? String(contentsOfFile: "/proc/\(parent)/comm", encoding: .utf8),
            ["orted", "prted"].contains(name.trimmingCharacters(in: .newlines))
        else { return }
        kill(parent, SIGTERM)
    }

    private func wait(for descriptors: [Int32]) {
        var entries = ([bell.read] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&entries, nfds_t(entries.count), 100)
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(bell.read, &bytes, bytes.count) > 0 {}
    }
}
