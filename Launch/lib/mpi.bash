# Which MPI a program was built with, for scripts that start it on ranks: sourced, not run.

# mpi_of PROGRAM: mpich (its relatives too), or openmpi.
mpi_of() {
    case $(ldd "$1" 2>/dev/null) in
        *libmpich.so* | *libmpi.so.12\ *) printf 'mpich\n' ;;
        *) printf 'openmpi\n' ;;
    esac
}

# mpirun_of PROGRAM: the mpirun of that library. Where Debian has several, plain mpirun may be another one's.
mpirun_of() { command -v "mpirun.$(mpi_of "$1")" || command -v mpirun; }

# launcher_of PROGRAM: sets the array `launcher` to what starts ranks of it on this host, more than it has cores too.
# shellcheck disable=SC2034  # those who source this use it
launcher_of() {
    launcher=("$(mpirun_of "$1")")
    case $(mpi_of "$1") in
        mpich) launcher+=(-bind-to none) ;;
        *) launcher+=(--quiet --oversubscribe --bind-to none) ;;
    esac
}
