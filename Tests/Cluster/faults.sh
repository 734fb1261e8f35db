#!/usr/bin/env bash
# A rank that is killed, that stalls, or whose host is cut off: named, ended in time, nothing left, and resumed.
# FAULTS: how often each (3); KINDS: which.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
read -r -a kinds <<<"${KINDS:-kill stop cut}"
at_once=3 # of each kind: a watch takes half a minute and no CPU
train=(train "$job" --set max_steps=100000 --set val_set_size=8 --set eval_steps=0 --set save_steps=2
    --set save_total_limit=2 --set global_batch_size=4 --set micro_batch_size=2 --set threads=1)

# shellcheck disable=SC2329  # called by until_seconds
saved() { [ -e "$1/checkpoints/latest" ]; }
# shellcheck disable=SC2329  # called by until_seconds
resumed() { grep -q 'resumed from step' "$1"; }
# shellcheck disable=SC2329  # called by until_seconds
ended() { ! kill -0 "$1" 2>/dev/null; }

# strike KIND: at rank 1, the one on node2.
strike() {
    case $1 in
        kill) "$cluster" exec node2 pkill -KILL -x swiftlet ;;
        stop) "$cluster" exec node2 pkill -STOP -x swiftlet ;;
        cut) "$cluster" cut node2 ;;
    esac
}

# suffer KIND NAME: one job and its fault, on the cluster of the environment; says in one line what went wrong, if so.
suffer() {
    local kind=$1 name=$2 run code=0 begin again
    "$cluster" run -n 2 "$swiftlet" "${train[@]}" --set output_dir="$work/$name" >"$work/$name.log" 2>&1 &
    run=$!
    until_seconds 60 saved "$work/$name" || { printf 'saves no checkpoint\n'; return; }
    strike "$kind"
    begin=$SECONDS
    if ! until_seconds 40 ended "$run"; then
        printf 'goes on for 40 s\n'
        return
    fi
    wait "$run" || code=$?
    if [ "$code" -eq 0 ]; then printf 'ends with 0\n'; fi
    if ! grep -qiE '\brank 1\b' "$work/$name.log"; then printf 'does not name the rank\n'; fi
    if ! until_seconds $((begin + 40 - SECONDS)) none_left "$work/$name.left"; then
        printf 'leaves %s\n' "$(head -n 3 "$work/$name.left" | tr '\n' ';')"
    fi
    "$swiftlet" "${train[@]}" --set output_dir="$work/$name" >"$work/$name-again.log" 2>&1 &
    again=$!
    until_seconds 30 resumed "$work/$name-again.log" || printf 'does not resume\n'
    kill -9 "$again" 2>/dev/null || true
}

left=${FAULTS:-3}
number=0
while [ "$left" -gt 0 ]; do
    now=$((left < at_once ? left : at_once))
    left=$((left - now))
    names=()
    running=()
    for kind in "${kinds[@]}"; do
        for ((each = 0; each < now; each++)); do
            number=$((number + 1))
            name=$kind-$number
            up 2
            suffer "$kind" "$name" >"$work/$name.verdict" 2>"$work/$name.trace" &
            running+=($!)
            names+=("$name")
        done
    done
    wait "${running[@]}" || true
    for name in "${names[@]}"; do
        if [ -s "$work/$name.verdict" ]; then
            fail "$name: $(paste -sd , "$work/$name.verdict")" "$work/$name.log"
        else
            pass "$name: named, ended, nothing left, resumed"
        fi
    done
    release
    clusters=()
done
