import Buffers
import Collectives
import Execution
import Foundation

/// Runs the body of a command on every rank of the world, and ends all ranks in order whatever happens.
enum RankedRun {
    /// - Returns: never where something failed: the process ends with one line from one rank and the exit code.
    static func run<Result>(_ body: (any Communicator) throws -> Result) -> Result {
        let world: World
        do {
            world = try World.make { Console.error("\($0)") }
        } catch {
            Main.fail(error)
        }
        let communicator = world.communicator
        if communicator.isCoordinator, !world.unwatched.isEmpty {
            let ranks = world.unwatched.map { "\($0.rank) on \($0.host)" }.joined(separator: ", ")
            Console.note("warning: not watched, as no connection to the coordinator can be made: rank \(ranks)")
        }
        do {
            let result = try body(communicator)
            try world.finish()
            return result
        } catch let error where isShared(error, by: communicator) {
            if communicator.isCoordinator { Console.error("\(error)") }
            try? world.finish()
            exit(ExitCode.of(error))
        } catch CollectiveError.aborted(let code) {
            world.leave(exitCode: code)
            exit(code)
        } catch {
            // The other ranks do not know: they are ended.
            let rank = "rank \(communicator.rank) on \(RankIdentity.ownHost): "
            Console.error(communicator.size == 1 ? "\(error)" : "\(rank)\(error)")
            communicator.abort(exitCode: ExitCode.of(error))
            exit(ExitCode.of(error))
        }
    }

    /// Whether every rank has got the same error at the same place.
    private static func isShared(_ error: any Error, by communicator: any Communicator) -> Bool {
        communicator.size == 1 || error is RankFailure || error is Divergence
    }
}
