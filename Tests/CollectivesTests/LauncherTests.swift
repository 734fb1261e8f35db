import Collectives
import Testing

@Suite("Who started this process")
struct LauncherTests {
    @Test("the launcher is told from its variables")
    func detection() {
        let cases: [([String: String], Launcher)] = [
            ([:], .none),
            (["SLURM_PROCID": "0", "SLURM_NTASKS": "4"], .none),
            (["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"], .none),
            (["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"], .openMPI(rank: 0, size: 1)),
            (
                ["OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "3"],
                .openMPI(rank: 3, size: 8)
            ),
            (["PMIX_RANK": "2", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"], .pmix(rank: 2)),
            (["PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "1"], .pmi(rank: 1, size: 2)),
            (
                ["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"],
                .slurmWithoutMPI(rank: 2, size: 4)
            ),
            (["OMPI_COMM_WORLD_SIZE": "many", "OMPI_COMM_WORLD_RANK": "0"], .none),
        ]
        for (environment, launcher) in cases {
            #expect(Launcher.detect(environment: environment) == launcher, "\(environment)")
        }
    }

    @Test("one process alone is a world of one rank, without MPI")
    func alone() throws {
        let world = try World.make(launcher: .none) { _ in }
        #expect(world.communicator is SoloCommunicator)
        try world.finish()
    }

    @Test("tasks of srun that cannot find each other are refused")
    func slurmWithoutMPI() {
        #expect(throws: CollectiveError.self) { try World.make(launcher: .slurmWithoutMPI(rank: 0, size: 4)) { _ in } }
    }
}
