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

# nothing_left NAME: of a job, on any host; sshd may take a moment to see that it is over.
nothing_left() {
    local end=$((SECONDS + 10))
    until "$cluster" left >"$work/left.log" 2>&1 && [ ! -s "$work/left.log" ]; do
        if [ $SECONDS -ge $end ]; then
            fail "$1" "$work/left.log"
            return
        fi
        sleep 0.2
    done
    pass "$1"
}

if ! "$cluster" check; then exit 69; fi
