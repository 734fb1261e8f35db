import Foundation

/// A value behind a lock, with a condition to wait for: `Mutex` has none.
final class Monitor<State>: @unchecked Sendable {
    // Sendable: `state` is only touched with the mutex held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    init(_ state: State) {
        self.state = state
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Deadlines must not move when somebody sets the clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let failed = pthread_mutex_init(mutex, nil) != 0 || pthread_cond_init(condition, &attributes) != 0
        precondition(!failed, "pthread_mutex_init or pthread_cond_init failed")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Calls `attempt` with the lock held until it returns a value; waits for `notifyAll()` between attempts.
    func wait<R>(_ attempt: (inout State) -> R?) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = attempt(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// As `wait`, but gives up, with nil, when `nanoseconds` have passed.
    func wait<R>(nanoseconds: Int, _ attempt: (inout State) -> R?) -> R? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let sum = deadline.tv_nsec + nanoseconds
        deadline.tv_sec += sum / 1_000_000_000
        deadline.tv_nsec = sum % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = attempt(&state) { return result }
            guard pthread_cond_timedwait(condition, mutex, &deadline) == 0 else { return attempt(&state) }
        }
    }

    /// Lets all waiting threads try again.
    func notifyAll() { pthread_cond_broadcast(condition) }
}
