#!/usr/bin/env bash
# A run that is killed at any instant resumes with the same bits, on any number of ranks.
#
# KILLS (default 4) is how often it is killed, JOB (default Jobs/tiny.yaml) what is run, SEED where the moments come from.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=${JOB:-$root/Jobs/tiny.yaml}
kills=${KILLS:-4}
RANDOM=${SEED:-41}
settings=(--set max_steps=24 --set eval_steps=6 --set save_steps=1 --set threads=1)

on 0 train "$job" "${settings[@]}" --set output_dir="$work/whole" >"$work/whole.log" 2>&1 || fail "the whole run" "$work/whole.log"

# begin RANKS: starts the run in a session of its own; $leader is the process group.
begin() {
    if [ "$1" -eq 0 ]; then
        setsid "$swiftlet" train "$job" "${settings[@]}" --set output_dir="$work/cut" >>"$work/cut.log" 2>&1 &
    else
        setsid "${launcher[@]}" -n "$1" "$swiftlet" train "$job" "${settings[@]}" \
            --set output_dir="$work/cut" >>"$work/cut.log" 2>&1 &
    fi
    leader=$!
}

# The ranks of our runs, whatever group the launcher put them in.
gone() {
    local tries
    for tries in $(seq 100); do
        pgrep -f "output_dir=$work/cut" >/dev/null || return 0
        sleep 0.1
        if [ "$tries" -eq 60 ]; then pkill -9 -f "output_dir=$work/cut" || true; fi
    done
    return 1
}

inside=0
for ((kill = 1; kill <= kills; kill++)); do
    begin $((RANDOM % 4))
    if ((kill % 3 == 0)); then
        # Inside a save: its temporary directory is there.
        until=$((SECONDS + 20))
        while [ $SECONDS -lt $until ]; do
            if compgen -G "$work/cut/checkpoints/.step-*.tmp-*" >/dev/null; then
                inside=$((inside + 1))
                break
            fi
            kill -0 "$leader" 2>/dev/null || break
        done
    else
        sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    fi
    if ((kill % 2 == 0)); then
        # One rank alone: the launcher ends the others.
        victim=$(pgrep -f "$swiftlet train .*output_dir=$work/cut" | tail -n 1 || true)
        if [ -n "$victim" ]; then kill -9 "$victim" 2>/dev/null || true; fi
    else
        pkill -9 -f "output_dir=$work/cut" || true
    fi
    wait "$leader" 2>/dev/null || true
    check "all processes are gone after kill $kill" gone
done
printf '      %d of %d kills fell inside a save\n' "$inside" "$kills"
on 2 train "$job" "${settings[@]}" --set output_dir="$work/cut" >>"$work/cut.log" 2>&1 || fail "the resumed run" "$work/cut.log"
same "killed $kills times and resumed" "$work/whole" "$work/cut"

# Asked to stop: a checkpoint, exit code 75, and the same bits afterwards. mpirun passes USR1 on to all ranks. On TERM
# it waits, passes it on, waits, kills, and ends with 1; so TERM goes to one rank here, which is enough.
for signal in USR1 TERM; do
    rm -rf "$work/cut"
    "${launcher[@]}" -n 2 "$swiftlet" train "$job" "${settings[@]}" \
        --set save_steps=0 --set output_dir="$work/cut" >"$work/signal.log" 2>&1 &
    leader=$!
    for _ in $(seq 600); do
        if [ -s "$work/cut/metrics.jsonl" ] && [ "$(grep -c '"loss"' "$work/cut/metrics.jsonl")" -ge 2 ]; then break; fi
        sleep 0.05
    done
    target=$leader
    if [ "$signal" = TERM ]; then target=$(pgrep -f "^$swiftlet train .*output_dir=$work/cut" | tail -n 1 || true); fi
    kill -s "$signal" "$target" 2>/dev/null || true
    code=0
    wait "$leader" || code=$?
    if [ "$code" -eq 75 ]; then
        pass "SIG$signal ends with exit code 75"
    else
        fail "SIG$signal: exit code $code" "$work/signal.log"
    fi
    check "SIG$signal stops the run before its end" grep -q 'stopped at step' "$work/signal.log"
    check "SIG$signal leaves a checkpoint" test -s "$work/cut/checkpoints/latest"
    on 3 train "$job" "${settings[@]}" --set save_steps=0 --set output_dir="$work/cut" >"$work/signal.log" 2>&1 ||
        fail "resuming after SIG$signal" "$work/signal.log"
    same "stopped by SIG$signal and resumed" "$work/whole" "$work/cut"
done

# The trigger file asks for a checkpoint.
rm -rf "$work/cut"
mkdir -p "$work/cut"
touch "$work/cut/swiftlet.save"
on 2 train "$job" "${settings[@]}" --set save_steps=0 --set max_steps=3 --set output_dir="$work/cut" >"$work/trigger.log" 2>&1 ||
    fail "a run with a trigger file" "$work/trigger.log"
check "swiftlet.save asks for a checkpoint" test -d "$work/cut/checkpoints/step-00000001" -a ! -e "$work/cut/swiftlet.save"
