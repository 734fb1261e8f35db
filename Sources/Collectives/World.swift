/// All ranks of a run: over MPI where a launcher started several, one rank in this process otherwise.
package final class World: Sendable {
    package let communicator: any Communicator
    private let engine: MPIEngine?

    private init(communicator: any Communicator, engine: MPIEngine?) {
        self.communicator = communicator
        self.engine = engine
    }

    /// Joins the other ranks. Without a launcher's variables MPI is never touched.
    ///
    /// - Parameters:
    ///   - ranksPerNode: the most ranks a node may have; nil for as many as share a host.
    ///   - largestTransfer: elements in one MPI call; smaller in tests, to see large transfers divided.
    package static func make(
        launcher: Launcher = .detect(), ranksPerNode: Int? = nil, largestTransfer: Int = Int(Int32.max)
    ) throws(CollectiveError) -> World {
        switch launcher {
        case .none:
            return World(communicator: SoloCommunicator(), engine: nil)
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
            return World(communicator: communicator, engine: engine)
        }
    }

    /// Waits for all ranks and ends MPI; the last call of every rank that did not abort.
    package func finish() throws(CollectiveError) {
        try communicator.barrier()
        try engine?.finish()
    }
}
