import Foundation

/// Ranks that are threads of this process: the same interface and the same results as over MPI.
///
/// `node` groups are as if `ranksPerNode` ranks shared a host; memory is only shared through windows, as on a cluster.
package final class InProcessWorld: Sendable {
    /// One per rank, each for one thread.
    package let communicators: [any Communicator]
    private let shared = Monitor(Shared())

    /// What all groups of a world guard with one lock.
    struct Shared {
        /// Objects on their way from the rank that made them to the others (`InProcessCommunicator.exchange`).
        var deposits: [ObjectIdentifier: [Int: AnyObject]] = [:]
    }

    /// - Parameter ranksPerNode: how many ranks play one node; nil for all.
    package init(size: Int, ranksPerNode: Int? = nil) {
        precondition(size > 0)
        let whole = NodeNumbering(homes: [Int](repeating: 0, count: size))
        let nodes = NodeNumbering(whole, ranksPerNode: ranksPerNode ?? size)
        communicators = InProcessGroup(nodes: nodes, shared: shared, flag: AbortFlag()).makeCommunicators()
    }

    /// Runs `body` once per rank, each on a thread of its own with a stack of 8 MB, and returns when all have ended.
    ///
    /// When a body throws, the other ranks' operations throw `CollectiveError.aborted`, so that none hangs.
    /// - Returns: what the bodies returned, in rank order.
    /// - Throws: the first error thrown.
    @discardableResult
    package static func run<Result: Sendable>(
        size: Int, ranksPerNode: Int? = nil, _ body: @escaping @Sendable (any Communicator) throws -> Result
    ) throws -> [Result] {
        let world = InProcessWorld(size: size, ranksPerNode: ranksPerNode)
        let outcomes = Monitor(Outcomes<Result>(results: [Result?](repeating: nil, count: size)))
        for communicator in world.communicators {
            let thread = Thread {
                do {
                    let result = try body(communicator)
                    outcomes.withLock { $0.results[communicator.rank] = result }
                } catch {
                    outcomes.withLock { if $0.error == nil { $0.error = error } }
                    communicator.abort(exitCode: 70)
                }
                outcomes.withLock { $0.running -= 1 }
                outcomes.notifyAll()
            }
            thread.name = "rank \(communicator.rank)"
            thread.stackSize = 8 << 20
            thread.start()
        }
        return try outcomes.wait { $0.running == 0 ? $0 : nil }.get()
    }

    private struct Outcomes<Result: Sendable> {
        var results: [Result?]
        var running: Int
        var error: (any Error)?

        init(results: [Result?]) {
            self.results = results
            running = results.count
        }

        func get() throws -> [Result] {
            if let error { throw error }
            return results.compactMap(\.self)
        }
    }
}
