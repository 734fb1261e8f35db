import Foundation

/// What started this process as one of several ranks, told from the variables that it set; MPI is not asked.
package enum Launcher: Equatable, Sendable {
    /// Nobody: one process alone.
    case none
    /// Open MPI's mpirun.
    case openMPI(rank: Int, size: Int)
    /// A launcher that speaks PMIx: `srun --mpi=pmix`, prterun.
    case pmix(rank: Int)
    /// A launcher that speaks PMI: mpiexec.hydra of MPICH and Intel MPI, `srun --mpi=pmi2`.
    case pmi(rank: Int, size: Int?)
    /// Slurm's srun without MPI support: the tasks could not find each other.
    case slurmWithoutMPI(rank: Int, size: Int)

    package static func detect(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Launcher {
        func number(_ names: String...) -> Int? {
            names.lazy.compactMap { environment[$0] }.compactMap { Int($0) }.first
        }
        if let size = number("OMPI_COMM_WORLD_SIZE"), let rank = number("OMPI_COMM_WORLD_RANK") {
            return .openMPI(rank: rank, size: size)
        }
        if let rank = number("PMIX_RANK") { return .pmix(rank: rank) }
        if let rank = number("PMI_RANK") { return .pmi(rank: rank, size: number("PMI_SIZE")) }
        // A batch script has SLURM_PROCID too; only a step of several tasks is a launch.
        if number("SLURM_STEP_ID") != nil, let size = number("SLURM_STEP_NUM_TASKS"), size > 1 {
            return .slurmWithoutMPI(rank: number("SLURM_PROCID") ?? 0, size: size)
        }
        return .none
    }

    /// This process's rank, before MPI has been started.
    package var rank: Int {
        switch self {
        case .none: 0
        case .openMPI(let rank, _), .pmix(let rank), .pmi(let rank, _), .slurmWithoutMPI(let rank, _): rank
        }
    }

    /// How many ranks were started; nil where the launcher does not say.
    package var size: Int? {
        switch self {
        case .none: 1
        case .openMPI(_, let size), .slurmWithoutMPI(_, let size): size
        case .pmix: nil
        case .pmi(_, let size): size
        }
    }
}
