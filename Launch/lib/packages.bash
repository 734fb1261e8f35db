# What Swiftlet needs of the system, for the scripts of this folder: sourced, not run.

# missing_packages: those of Debian and Ubuntu that are needed to build and to run, and are not there; one a line.
missing_packages() {
    command -v pkg-config >/dev/null || printf 'pkg-config\n'
    if [ "${SWIFTLET_MPI:-ompi-c}" = mpich ]; then
        missing_mpich
    else
        command -v mpirun.openmpi >/dev/null || [[ $(mpirun --version 2>&1) =~ OpenRTE|Open\ MPI ]] ||
            printf 'openmpi-bin\n'
        pkg-config --exists ompi-c 2>/dev/null || printf 'libopenmpi-dev\n'
    fi
    command -v h5dump >/dev/null || printf 'hdf5-tools\n'
    pkg-config --exists hdf5 2>/dev/null || printf 'libhdf5-dev\n'
}

# missing_mpich: those without which nothing is built with MPICH, or tested on it.
missing_mpich() {
    command -v mpirun.mpich >/dev/null || [[ $(mpirun --version 2>&1) = *HYDRA* ]] || printf 'mpich\n'
    pkg-config --exists mpich 2>/dev/null || printf 'libmpich-dev\n'
}

# missing_slurm: those without which the tests on a real Slurm are left out.
missing_slurm() {
    local path=$PATH:/usr/sbin
    PATH=$path command -v slurmctld >/dev/null || printf 'slurm-wlm\n'
    PATH=$path command -v munged >/dev/null || printf 'munge\n'
}

# missing_cluster: those without which the tests on a cluster of network namespaces are left out.
missing_cluster() {
    local path=$PATH:/usr/sbin:/sbin
    if ! PATH=$path command -v ip >/dev/null || ! PATH=$path command -v tc >/dev/null; then printf 'iproute2\n'; fi
    PATH=$path command -v sshd >/dev/null || printf 'openssh-server\n'
    command -v ssh >/dev/null || printf 'openssh-client\n'
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

# install_packages PACKAGE...: without questions. No service of theirs is needed, nor an init to start it.
install_packages() {
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# require_packages NAME: installs what is missing, or says how and ends with 69; NAME is who asks.
require_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    if ! command -v swift >/dev/null; then
        printf '%s: swift is not in PATH; get Swift 6.2 or newer from https://swift.org/install\n' "$1" >&2
        exit 69
    fi
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if ! can_install; then
        printf '%s: packages are missing; run:  sudo apt-get install -y %s\n' "$1" "${missing[*]}" >&2
        exit 69
    fi
    printf '%s: installs %s\n' "$1" "${missing[*]}" >&2
    if ! install_packages "${missing[@]}" >&2; then
        printf '%s: apt-get could not install %s; see above\n' "$1" "${missing[*]}" >&2
        exit 69
    fi
}
