#!/usr/bin/env bash
# A rank that is killed or stalls is named, the run ends with 71, leaves nothing behind, and resumes with the same bits.
#
# FAULTS (default 1) is how often each happens.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set max_steps=120 --set eval_steps=0 --set save_steps=2 --set threads=1)

# What is shared in memory by name; other programs may have some, too.
shared() { find /dev/shm -mindepth 1 2>/dev/null | sort; }

# rank NUMBER: the process of that rank of the run at hand.
rank() {
    local process
    for process in $(pgrep -f "^$swiftlet train .*output_dir=$work/cut"); do
        if tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | grep -qxE "(OMPI_COMM_WORLD|PMI)_RANK=$1"; then
            printf '%s\n' "$process"
        fi
    done
}

# suffer SIGNAL RANK SECONDS: a run whose rank gets the signal once a checkpoint is there; it must end in that time.
suffer() {
    local name="SIG$1 of rank $2" leader victim code=0 begin before
    rm -rf "$work/cut"
    before=$(shared)
    "$root/Launch/mpirun" "$job" -n 3 "${settings[@]}" --set output_dir="$work/cut" >"$work/cut.log" 2>&1 &
    leader=$!
    for _ in $(seq 600); do
        if [ -s "$work/cut/checkpoints/latest" ]; then break; fi
        sleep 0.05
    done
    victim=$(rank "$2")
    begin=$SECONDS
    kill -s "$1" "$victim"
    wait "$leader" || code=$?
    if [ "$code" -ne 71 ]; then fail "$name: exit code $code" "$work/cut.log"; else pass "$name ends with 71"; fi
    check "$name ends in $3 s" test $((SECONDS - begin)) -le "$3"
    check "$name is named" grep -qE "^swiftlet: error: rank $2 \(process $victim on .*\) was lost: " "$work/cut.log"
    check "$name is told once" test "$(grep -c 'error:' "$work/cut.log")" -eq 1
    if pgrep -f "output_dir=$work/cut" >/dev/null && sleep 3 && pgrep -f "output_dir=$work/cut" >"$work/left.log"; then
        fail "$name: processes are left" "$work/left.log"
    else
        pass "$name leaves no process"
    fi
    shared >"$work/shared"
    check "$name leaves no shared memory" diff <(printf '%s\n' "$before" | sed '/^$/d') "$work/shared"
    on 2 train "$job" "${settings[@]}" --set output_dir="$work/cut" >"$work/cut.log" 2>&1 ||
        fail "resuming after $name" "$work/cut.log"
    check "it resumes after $name" grep -q 'resumed from step' "$work/cut.log"
    same "after $name" "$work/whole" "$work/cut"
}

on 0 train "$job" "${settings[@]}" --set output_dir="$work/whole" >"$work/whole.log" 2>&1 || fail "the whole run" "$work/whole.log"
for ((time = 1; time <= ${FAULTS:-1}; time++)); do
    suffer KILL $((time % 3)) 10
    suffer STOP $(((time + 1) % 3)) 40
done
