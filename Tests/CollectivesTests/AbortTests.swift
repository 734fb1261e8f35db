import Collectives
import Foundation
import Testing

@Suite("A world that ends")
struct AbortTests {
    private struct Refusal: Error, Equatable {}

    @Test("an abort reaches ranks that wait, whatever they wait for", arguments: 2...4)
    func abortWhileWaiting(size: Int) throws {
        let errors = try InProcessWorld.run(size: size) { world -> [CollectiveError?] in
            if world.rank == size - 1 {
                Thread.sleep(forTimeInterval: 0.02)
                world.abort(exitCode: 74)
            }
            return [error { try world.barrier() }, error { _ = try world.allReduce(Int64(1), .sum) }]
        }
        let expected: [CollectiveError?] = [.aborted(exitCode: 74), .aborted(exitCode: 74)]
        #expect(errors == [[CollectiveError?]](repeating: expected, count: size))
    }

    @Test("an abort is seen in every group of the world", arguments: [1, 2])
    func abortInGroups(ranksPerNode: Int) throws {
        let errors = try InProcessWorld.run(size: 4, ranksPerNode: ranksPerNode) { world -> [CollectiveError?] in
            let half = try world.split(by: world.rank % 2)
            try world.barrier()
            if world.rank == 3 { world.node.abort(exitCode: 75) }
            let first = error { try world.barrier() }
            #expect(world.isAborting && half.isAborting && world.node.isAborting)
            return [first, error { try half.barrier() }, error { try world.node.barrier() }]
        }
        let expected = [CollectiveError?](repeating: .aborted(exitCode: 75), count: 3)
        #expect(errors == [[CollectiveError?]](repeating: expected, count: 4))
    }

    @Test("requests may be dropped once a rank has aborted")
    func dropAfterAbort() throws {
        try InProcessWorld.run(size: 2) { world in
            let pending = world.startBarrier()
            if world.rank == 0 { world.abort(exitCode: 70) }
            _ = error { try world.barrier() }
            _ = consume pending
        }
    }

    @Test("the first error of any rank ends the run and is the one thrown", arguments: 1...4)
    func firstErrorWins(size: Int) {
        #expect(throws: Refusal()) {
            try InProcessWorld.run(size: size) { world in
                if world.rank == size - 1 { throw Refusal() }
                try world.barrier()
            }
        }
    }

    @Test("what was done before an abort keeps its result")
    func resultsBeforeAbort() throws {
        let sums = try InProcessWorld.run(size: 2) { world -> Int64 in
            var value = Int64(world.rank + 1)
            return try withUnsafeMutablePointer(to: &value) { value in
                let request = world.startAllReduce(UnsafeMutableBufferPointer(start: value, count: 1), .sum)
                try world.barrier()
                world.abort(exitCode: 70)
                try request.wait()
                return value.pointee
            }
        }
        #expect(sums == [3, 3])
    }

    @Test("a drained request hides the abort and gives the buffers back")
    func drain() throws {
        try InProcessWorld.run(size: 2) { world in
            let pending = world.startBarrier()
            if world.rank == 0 { world.abort(exitCode: 70) }
            pending.drain()
        }
    }

    @Test("every error is one line with its exit code")
    func descriptions() {
        let errors: [(CollectiveError, Int32)] = [
            (.aborted(exitCode: 65), 65), (.peerLost(operation: "allGather", reason: "MPI_ERR_OTHER"), 71),
            (.launch("use mpirun"), 64), (.sharedMemory(byteCount: 1, reason: "No space left on device"), 69),
        ]
        for (error, exitCode) in errors {
            #expect(error.exitCode == exitCode)
            #expect(!"\(error)".contains(where: \.isNewline) && "\(error)".count > 5)
        }
    }

    /// What `body` throws; anything else than a `CollectiveError` shows as a failed comparison.
    private func error(_ body: () throws -> Void) -> CollectiveError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CollectiveError
        }
    }
}
