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
