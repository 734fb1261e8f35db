/// All ranks of a run: over MPI where a launcher started several, one rank in this process otherwise.
package final class World: Sendable {
    package let communicator: any Communicator
    /// Ranks whose loss nobody would notice: they cannot reach the coordinator other than over MPI.
    package let unwatched: [RankIdentity]
    private let engine: MPIEngine?

    private init(communicator: any Communicator, engine: MPIEngine? = nil, unwatched: [RankIdentity] = []) {
        self.communicator = communicator
        self.unwatched = unwatched
        self.engine = engine
    }

    /// Joins the other ranks. Without a launcher's variables MPI is never touched.
    ///
    /// - Parameters:
    ///   - ranksPerNode: the most ranks a node may have; nil for as many as share a host.
    ///   - largestTransfer: elements in one MPI call; smaller in tests, to see large transfers divided.
    ///   - report: says that ranks are lost, on one rank; the run ends with exit code 71.
    package static func make(
        launcher: Launcher = .detect(), ranksPerNode: Int? = nil, largestTransfer: Int = Int(Int32.max),
        report: @escaping @Sendable (RankLoss) -> Void
    ) throws(CollectiveError) -> World {
        switch launcher {
        case .none:
            return World(communicator: SoloCommunicator())
        case .slurmWithoutMPI(_, let size):
            throw .launch("srun started \(size) tasks that cannot find each other; use srun --mpi=pmix, or mpirun")
        case .openMPI, .pmix, .pmi:
            let engine = try MPIEngine(largestTransfer: largestTransfer)
            let communicator = try MPICommunicator.makeWorld(engine: engine, ranksPerNode: ranksPerNode)
            if let size = launcher.size, size != communicator.size {
                throw .launch(
                    "the launcher started \(size) ranks, but MPI sees \(communicator.size); "
                        + "use the mpirun of the MPI library that swiftlet was built with")
            }
            guard communicator.size > 1 else { return World(communicator: communicator, engine: engine) }
            let effects = RankWatch.Effects(
                report: report, isEnding: { communicator.isAborting }, end: { communicator.abort(exitCode: $0) },
                waited: { engine.nanosecondsWaited })
            let (watch, unwatched) = try RankWatch.begin(communicator, effects: effects)
            engine.rankWatch = watch
            return World(communicator: communicator, engine: engine, unwatched: unwatched)
        }
    }

    /// Waits for all ranks and ends MPI; the last call of every rank that did not abort.
    package func finish() throws(CollectiveError) {
        try communicator.barrier()
        leave(exitCode: 0)
        try engine?.finish()
        engine?.rankWatch?.stop()
    }

    /// Before a process exits because another rank ends the run: its end is then no loss.
    package func leave(exitCode: Int32) { engine?.rankWatch?.sayGoodbye(exitCode: exitCode) }
}
