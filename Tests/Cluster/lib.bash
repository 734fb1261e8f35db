# What the tests on a cluster share, beside what end-to-end tests do: sourced, not run. Each cluster of a script goes
# with it; a script that cannot have one ends with one line.

# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/../EndToEnd/lib.bash"
clusters=()

cluster=$root/Tests/Cluster/cluster

# up HOSTS: a cluster, from then on the one that the others mean.
up() {
    CLUSTER=$("$cluster" up "$1" --owner $$)
    export CLUSTER
    clusters+=("$CLUSTER")
}

# shellcheck disable=SC2329  # called at the end
release() {
    local state
    for state in "${clusters[@]}"; do CLUSTER=$state "$cluster" down 2>/dev/null || true; done
}

# none_left FILE: of a job, on any host; FILE gets what is.
none_left() { "$cluster" left >"$1" 2>&1 && [ ! -s "$1" ]; }

# nothing_left NAME: as a check; sshd may take a moment to see that a job is over.
nothing_left() {
    if until_seconds 10 none_left "$work/left.log"; then pass "$1"; else fail "$1" "$work/left.log"; fi
}

if ! "$cluster" check; then exit 69; fi
