#!/usr/bin/env bash
# What compute: auto means: what the probe of the coordinator's machine says, once, for all ranks and all later runs.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set max_steps=4 --set eval_steps=2 --set save_steps=2 --set threads=1)

# machine NAME FACTOR: a host whose kept probe says that its int8 unit is FACTOR times as fast as fp32's.
machine() {
    XDG_CACHE_HOME=$work/$1 "$swiftlet" info >/dev/null
    local file
    for file in "$work/$1"/swiftlet/probe-*.json; do
        awk -v factor="$2" '
            /"kind"/ { kind = $0 }
            /"operationsPerSecond"/ { sub(/[0-9][0-9.eE+]*/, kind ~ /int8_dot/ ? factor * 1e9 : 1e9) }
            { print }' "$file" >"$file.new"
        mv "$file.new" "$file"
    done
}
machine slow 1.1
machine fast 4

# run NAME MACHINE [KEY=VALUE...]: trains into $work/NAME.
run() {
    local name=$1 machine=$2 extra=() setting
    for setting in output_dir="$work/$name" "${@:3}"; do extra+=(--set "$setting"); done
    XDG_CACHE_HOME=$work/$machine "$swiftlet" train "$job" "${settings[@]}" "${extra[@]}" >"$work/$name.log" 2>&1 ||
        fail "$name runs" "$work/$name.log"
}

run fp32 fast compute=fp32
run int8 slow compute=int8
check "int8 is not fp32" test "$(bits "$work/int8")" != "$(bits "$work/fp32")"
run auto-fast fast && same "auto is int8 where that is clearly faster" "$work/int8" "$work/auto-fast"
run auto-slow slow && same "and fp32 where it is not" "$work/fp32" "$work/auto-slow"

for machine in slow fast; do
    compute=fp32
    if [ "$machine" = fast ]; then compute=int8; fi
    ranks=()
    for host in "$machine" slow fast; do
        ranks+=(: -n 1 env XDG_CACHE_HOME="$work/$host" "$swiftlet" train "$job" "${settings[@]}"
            --set output_dir="$work/mixed-$machine")
    done
    "${launcher[@]}" "${ranks[@]:1}" >"$work/mixed.log" 2>&1 ||
        fail "ranks on unlike machines run" "$work/mixed.log"
    same "ranks on unlike machines do what the first one's probe says: $compute" "$work/$compute" "$work/mixed-$machine"
done

# Half a run on the one machine, the rest on the other.
for pair in "fast slow int8" "slow fast fp32"; do
    read -r first second compute <<<"$pair"
    cp -r "$work/auto-$first" "$work/moved-$compute"
    rm -r "$work/moved-$compute/checkpoints/step-00000004" "$work/moved-$compute/adapter"
    printf 'step-00000002\n' >"$work/moved-$compute/checkpoints/latest"
    run "moved-$compute" "$second"
    same "a run that goes on elsewhere stays in $compute" "$work/$compute" "$work/moved-$compute"
    check "and began in the middle" grep -q 'step-00000002' "$work/moved-$compute.log"
done

run everything fast adapter=none learning_rate=1e-4
run everything-fp32 fast adapter=none learning_rate=1e-4 compute=fp32
same "where all parameters are trained, auto is fp32" "$work/everything-fp32" "$work/everything"

# computed NAME ARGUMENTS...: the arithmetic that a benchmark of a step says it used.
computed() {
    XDG_CACHE_HOME=$work/$1 "$swiftlet" bench step --shape tiny --sequence 16 --threads 1 --steps 1 --json "${@:2}" \
        2>/dev/null | sed -nE 's/.*"compute" ?: ?"([^"]*)".*/\1/p'
}
check "a benchmark of a step takes auto as a job does" test \
    "$(computed fast --compute auto) $(computed slow --compute auto)" = "int8 fp32"
