internal import CMPI
import Dispatch
import Foundation
import Synchronization

/// The comm thread: the only thread of a process that calls MPI, from `MPI_Init_thread` to `MPI_Finalize`.
///
/// Operations are queued to it and issued in that order. MPI moves them only inside its calls, so the thread tests
/// those in flight and sleeps in between (`Pace`), so that it does not eat a core; with none in flight it waits.
final class MPIEngine: @unchecked Sendable {
    // Sendable: everything mutable is in the monitor or an atomic.

    private enum Phase { case starting, running, finishing, finished }

    private struct State {
        var firstQueued: MPIOperation?
        var lastQueued: MPIOperation?
        var firstFree: MPIOperation?
        var operations: [MPIOperation] = []
        /// Why no operation can succeed any more.
        var error: CollectiveError?
        var abortCode: Int32?
        var phase = Phase.starting
        /// Raised by any rank of the node that aborts.
        var flag: AbortFlag?
        var rankWatch: RankWatch?
    }

    private let monitor = Monitor(State())
    /// How many threads wait for an operation: they have nothing else to do, so it is tested more eagerly.
    private let waiters = Atomic<Int>(0)
    /// Nanoseconds that threads have waited for operations.
    private let waited = Atomic<Int>(0)
    private let largestTransfer: Int

    /// Starts the thread and, on it, MPI.
    /// - Parameter largestTransfer: elements in one MPI call; larger transfers are divided.
    init(largestTransfer: Int) throws(CollectiveError) {
        precondition(largestTransfer > 0 && largestTransfer <= Int(Int32.max))
        self.largestTransfer = largestTransfer
        monitor.withLock { state in
            for _ in 0..<32 { state.firstFree = Self.makeOperation(&state, next: state.firstFree) }
        }
        let thread = Thread { [self] in run() }
        thread.name = "swiftlet-comm"
        thread.stackSize = 8 << 20
        thread.start()
        let error = monitor.wait { state in state.phase == .starting ? nil : .some(state.error) }
        if let error { throw error }
    }

    private static func makeOperation(_ state: inout State, next: MPIOperation?) -> MPIOperation {
        let operation = MPIOperation(ticket: state.operations.count)
        operation.next = next
        state.operations.append(operation)
        return operation
    }

    // MARK: On any thread

    /// - Parameter sequence: the operation's number in its group, the same on every rank.
    func start(_ call: CollectiveCall, group: cmpi_comm, rank: Int, size: Int, sequence: Int) -> PendingRequest {
        let operation = takePlace()
        operation.prepare(call, group: group, rank: rank, size: size, sequence: sequence)
        submit(operation)
        return PendingRequest(owner: self, ticket: operation.ticket, kind: call.kind)
    }

    /// Does something else that calls MPI, in its turn among the operations, and returns its result; it may block.
    func perform<Result>(_ body: @escaping () throws(CollectiveError) -> Result) throws(CollectiveError) -> Result {
        var result = Swift.Result<Result, CollectiveError>.failure(.launch("the comm thread did not run"))
        let operation = takePlace()
        operation.prepare {
            do throws(CollectiveError) { result = .success(try body()) } catch { result = .failure(error) }
        }
        submit(operation)
        try wait(operation.ticket)
        return try result.get()
    }

    /// Ends MPI and the thread; no operation may be in flight.
    func finish() throws(CollectiveError) {
        monitor.withLock { $0.phase = .finishing }
        monitor.notifyAll()
        let error = monitor.wait { state in state.phase == .finished ? .some(state.error) : nil }
        if let error { throw error }
    }

    /// Ends all ranks, this process included, even where the comm thread hangs in a call.
    func abort(exitCode: Int32) -> Never {
        // The end of this process, and of those that the launcher ends with it, is no loss to be told.
        rankWatch?.sayGoodbye(exitCode: exitCode)
        monitor.withLock { $0.abortCode = $0.abortCode ?? exitCode }
        monitor.notifyAll()
        sleep(2)
        _exit(exitCode)
    }

    /// Makes all pending and future operations throw `error`; the first one stays.
    func fail(_ error: CollectiveError) {
        monitor.withLock { $0.error = $0.error ?? error }
        monitor.notifyAll()
    }

    /// Makes operations throw once the flag is raised: another rank is about to end this process.
    func watch(_ flag: AbortFlag) { monitor.withLock { $0.flag = flag } }

    /// What watches the ranks of the world; nil while nothing does.
    var rankWatch: RankWatch? {
        get { monitor.withLock { $0.rankWatch } }
        set { monitor.withLock { $0.rankWatch = newValue } }
    }

    /// Nanoseconds that threads have waited for operations so far.
    var nanosecondsWaited: Int { waited.load(ordering: .relaxed) }

    private func takePlace() -> MPIOperation {
        monitor.withLock { state in
            precondition(state.phase == .running, "an operation was started after the world was finished")
            let operation = state.firstFree ?? Self.makeOperation(&state, next: nil)
            state.firstFree = operation.next
            operation.next = nil
            return operation
        }
    }

    private func submit(_ operation: MPIOperation) {
        monitor.withLock { state in
            operation.status = .queued
            if let last = state.lastQueued { last.next = operation } else { state.firstQueued = operation }
            state.lastQueued = operation
        }
        monitor.notifyAll()
    }

    // MARK: On the comm thread

    private var failure: CollectiveError? { monitor.withLock { $0.error ?? $0.flag?.error } }

    private enum Work {
        /// A chain of operations to issue; nil when there is none.
        case operations(MPIOperation?)
        case abort(Int32)
        case finish
    }

    /// What the comm thread has in its hands.
    private struct Flight {
        var active: [MPIOperation] = []
        var pool: [MPIReduceScatter] = []

        init() { active.reserveCapacity(64) }

        var load: Pace.Load { active.isEmpty ? .idle : active.contains { $0.isBulk } ? .bulk : .light }
    }

    private func run() {
        cmpi_favour_short_sleeps()
        enter(.running) { () throws(CollectiveError) in try MPICalls.initialize() }
        guard failure == nil else { return }
        moveOperations()
        enter(.finished) { () throws(CollectiveError) in try MPICalls.finalize() }
    }

    /// Enters a phase once `body` has been done, or has failed.
    private func enter(_ phase: Phase, after body: () throws(CollectiveError) -> Void) {
        do throws(CollectiveError) { try body() } catch { fail(error) }
        monitor.withLock { $0.phase = phase }
        monitor.notifyAll()
    }

    private func moveOperations() {
        var flight = Flight()
        var pace = Pace()
        while true {
            let isAwaited = waiters.load(ordering: .relaxed) > 0
            switch takeWork(within: pace.delay(for: flight.load, isAwaited: isAwaited)) {
            case .finish: return
            case .abort(let exitCode): MPICalls.abort(exitCode: exitCode)
            case .operations(let first):
                var isMoving = issue(first, &flight) || first != nil
                // One look moves one fragment per link: with much to move, several looks are worth one awakening.
                for _ in 0..<flight.load.looks where test(&flight) { isMoving = true }
                if isMoving { pace.restart() }
            }
        }
    }

    private func takeWork(within nanoseconds: Int) -> Work {
        let work = monitor.wait(nanoseconds: nanoseconds) { state -> Work? in
            if let code = state.abortCode { return .abort(code) }
            if state.phase == .finishing { return .finish }
            guard let first = state.firstQueued else { return nanoseconds == 0 ? .operations(nil) : nil }
            state.firstQueued = nil
            state.lastQueued = nil
            return .operations(first)
        }
        return work ?? .operations(nil)
    }

    /// Issues a chain of operations in order; true where one is done already (a setup call).
    private func issue(_ first: MPIOperation?, _ flight: inout Flight) -> Bool {
        var operation = first
        var isAnyDone = false
        while let current = operation {
            operation = current.next
            current.next = nil
            do throws(CollectiveError) {
                if let error = failure { throw error }
                try current.begin(largestTransfer: largestTransfer, pool: &flight.pool)
                if try current.test(pool: &flight.pool) {
                    isAnyDone = complete(current)
                } else {
                    flight.active.append(current)
                }
            } catch {
                fail(error)
                isAnyDone = complete(current, error)
            }
        }
        return isAnyDone
    }

    /// Moves the operations in flight along; true where one of them is done.
    private func test(_ flight: inout Flight) -> Bool {
        if flight.active.isEmpty {
            // After a failure the buffers of what is still in flight may be gone: MPI must not write to them.
            if failure == nil { MPICalls.progress() }
            return false
        }
        var isAnyDone = false
        var pool: [MPIReduceScatter] = []
        swap(&pool, &flight.pool)
        defer { swap(&pool, &flight.pool) }
        flight.active.removeAll { operation in
            do throws(CollectiveError) {
                if let error = failure { throw error }
                guard try operation.test(pool: &pool) else { return false }
                isAnyDone = complete(operation)
            } catch {
                fail(error)
                isAnyDone = complete(operation, error)
            }
            return true
        }
        return isAnyDone
    }

    private func complete(_ operation: MPIOperation, _ error: CollectiveError? = nil) -> Bool {
        monitor.withLock { _ in
            operation.error = error
            operation.status = .done
        }
        monitor.notifyAll()
        return true
    }
}

extension MPIEngine: RequestOwner {
    var hasFailed: Bool { failure != nil || monitor.withLock { $0.abortCode != nil } }

    func isComplete(_ ticket: Int) -> Bool { monitor.withLock { $0.operations[ticket].status == .done } }

    func wait(_ ticket: Int) throws(CollectiveError) {
        waiters.wrappingAdd(1, ordering: .relaxed)
        let begin = DispatchTime.now().uptimeNanoseconds
        let error = monitor.wait { state -> CollectiveError?? in
            let operation = state.operations[ticket]
            guard operation.status == .done else { return nil }
            let error = operation.error
            operation.clear()
            operation.status = .free
            operation.next = state.firstFree
            state.firstFree = operation
            return .some(error)
        }
        waited.wrappingAdd(Int(DispatchTime.now().uptimeNanoseconds - begin), ordering: .relaxed)
        waiters.wrappingSubtract(1, ordering: .relaxed)
        if let error { throw error }
    }
}
