import Collectives
import Foundation
import CollectivesTestSupport

// What only real ranks can show:
// `mpirun -n 4 rank-tests [--ranks-per-node N] [--largest-transfer N] [--abort CODE] [--idle SECONDS]`.
// Rank 0 prints a line per check and the totals; the exit code is 1 where a check failed on any rank.

func option(_ name: String) -> Int? {
    guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
        return nil
    }
    return Int(CommandLine.arguments[index + 1])
}

func runChecks(_ world: any Communicator) throws -> Int32 {
    var failed = 0
    for (name, check) in CommunicatorConformance.checks {
        let start = ContinuousClock.now
        var failure: (any Error)?
        do { try check(world) } catch { failure = error }
        if let error = failure as? CollectiveError { throw error }
        let messages = try world.gather(Array((failure.map { "\($0)" } ?? "").utf8)) ?? []
        let isFailed = try world.allReduce(failure == nil ? 0 : 1, .max) == 1
        if isFailed { failed += 1 }
        guard world.isCoordinator else { continue }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("\(isFailed ? "FAILED" : "passed") \(name) (\(String(format: "%.3f", seconds)) s)")
        for message in messages where !message.isEmpty { print("    \(String(decoding: message, as: UTF8.self))") }
    }
    if world.isCoordinator { print("\(CommunicatorConformance.checks.count - failed) passed, \(failed) failed") }
    return failed == 0 ? 0 : 1
}

/// Nothing but barriers, for the seconds given: what a rank or a link does meanwhile is up to somebody else.
func runIdle(_ world: any Communicator, seconds: Int) throws -> Int32 {
    if world.isCoordinator { print("idle") }
    fflush(nil)
    let end = ContinuousClock.now + .seconds(seconds)
    while try world.allReduce(ContinuousClock.now < end ? 1 : 0, .max) == 1 { usleep(100_000) }
    return 0
}

/// The last rank aborts while the others wait for it; none of them may hang.
func runAbort(_ world: any Communicator, exitCode: Int32) throws -> Int32 {
    if world.rank == world.size - 1 { world.abort(exitCode: exitCode) }
    try world.barrier()
    return 1
}

@Sendable func say(_ text: String) { FileHandle.standardError.write(Data("rank-tests: \(text)\n".utf8)) }

do {
    let world = try World.make(
        ranksPerNode: option("--ranks-per-node"), largestTransfer: option("--largest-transfer") ?? Int(Int32.max)
    ) { loss in say("\(loss)") }
    let ranks = world.communicator
    let exitCode =
        if let code = option("--abort") {
            try runAbort(ranks, exitCode: Int32(code))
        } else if let seconds = option("--idle") {
            try runIdle(ranks, seconds: seconds)
        } else {
            try runChecks(ranks)
        }
    try world.finish()
    exit(exitCode)
} catch let error as CollectiveError {
    // Who aborted has said why.
    if case .aborted = error {} else { say("\(error)") }
    exit(error.exitCode)
}
