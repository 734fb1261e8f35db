internal import CMPI
import Foundation
import Synchronization

/// The comm thread: the only thread of a process that calls MPI, from `MPI_Init_thread` to `MPI_Finalize`.
///
/// Operations are queued to it and issued in that order. MPI moves them only inside its calls, so the thread tests those
/// in flight and sleeps in between, at most 200 µs, so that it does not eat a core; with none in flight it waits.
final class MPIEngine: @unchecked Sendable {
    // Sendable: everything mutable is in the monitor or an atomic.

    private struct State {
        var firstQueued: MPIOperation?
        var lastQueued: MPIOperation?
        var firstFree: MPIOperation?
        var operations: [MPIOperation] = []
        /// Why no operation can succeed any more.
        var error: CollectiveError?
        var abortCode: Int32?
        var isFinished = false
        /// Raised by any rank of the node that aborts.
        var flag: AbortFlag?
    }

    private let monitor = Monitor(State())
    /// How many threads wait for an operation: they have nothing else to do, so it is tested more eagerly.
    private let waiters = Atomic<Int>(0)
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
        try perform { () throws(CollectiveError) in try MPICalls.initialize() }
    }

    private static func makeOperation(_ state: inout State, next: MPIOperation?) -> MPIOperation {
        let operation = MPIOperation(ticket: state.operations.count)
        operation.next = next
        state.operations.append(operation)
        return operation
    }

    // MARK: On any thread

    func start(_ call: CollectiveCall, group: MPI_Comm?, rank: Int, size: Int) -> PendingRequest {
        let operation = takePlace()
        operation.prepare(call, group: group, rank: rank, size: size)
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
        try perform { () throws(CollectiveError) in try MPICalls.finalize() }
        monitor.withLock { $0.isFinished = true }
        monitor.notifyAll()
    }

    /// Ends all ranks, this process included, even where the comm thread hangs in a call.
    func abort(exitCode: Int32) -> Never {
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

    private func takePlace() -> MPIOperation {
        monitor.withLock { state in
            precondition(!state.isFinished, "an operation was started after the world was finished")
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
        case finished
    }

    private func run() {
        _ = cmpi_set_timer_slack(1_000)
        var active: [MPIOperation] = []
        active.reserveCapacity(64)
        var pace = Pace()
        while true {
            switch takeWork(within: pace.delay(isIdle: active.isEmpty, isAwaited: waiters.load(ordering: .relaxed) > 0))
            {
            case .finished: return
            case .abort(let exitCode): MPICalls.abort(exitCode: exitCode)
            case .operations(let first):
                if first != nil { pace.restart() }
                if issue(first, &active) || test(&active) { pace.restart() }
            }
        }
    }

    private func takeWork(within nanoseconds: Int) -> Work {
        let work = monitor.wait(nanoseconds: nanoseconds) { state -> Work? in
            if let code = state.abortCode { return .abort(code) }
            if state.isFinished { return .finished }
            guard let first = state.firstQueued else { return nanoseconds == 0 ? .operations(nil) : nil }
            state.firstQueued = nil
            state.lastQueued = nil
            return .operations(first)
        }
        return work ?? .operations(nil)
    }

    /// Issues a chain of operations in order; true where one is done already (a setup call).
    private func issue(_ first: MPIOperation?, _ active: inout [MPIOperation]) -> Bool {
        var operation = first
        var isAnyDone = false
        while let current = operation {
            operation = current.next
            current.next = nil
            do throws(CollectiveError) {
                if let error = failure { throw error }
                try current.begin(largestTransfer: largestTransfer)
                if try current.test() { isAnyDone = complete(current) } else { active.append(current) }
            } catch {
                fail(error)
                isAnyDone = complete(current, error)
            }
        }
        return isAnyDone
    }

    /// Moves the operations in flight along; true where one of them is done.
    private func test(_ active: inout [MPIOperation]) -> Bool {
        if active.isEmpty {
            MPICalls.progress()
            return false
        }
        var isAnyDone = false
        active.removeAll { operation in
            do throws(CollectiveError) {
                if let error = failure { throw error }
                guard try operation.test() else { return false }
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
        waiters.wrappingSubtract(1, ordering: .relaxed)
        if let error { throw error }
    }
}
