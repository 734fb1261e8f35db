#!/usr/bin/env bash
# What `swiftlet plan` says of a job, and what the job then holds, sends and takes.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml

# number FILE KEY: of a JSON object, one key a line.
number() { sed -nE "s/^ *\"$2\" ?: ?([-0-9.eE+]+),?$/\1/p" "$1" | head -n 1; }

# between LOW VALUE HIGH
between() { awk -v low="$1" -v value="$2" -v high="$3" 'BEGIN { exit !(value != "" && low <= value && value <= high) }'; }

# The text and the JSON.

check "a plan of one rank" "$swiftlet" plan "$job"
"$swiftlet" plan "$job" --ranks-per-node 2 --set threads=1 --json >"$work/two.json"
check "JSON of two ranks" test "$(number "$work/two.json" ranks)" = 2
check "one rank sends nothing" test "$("$swiftlet" plan "$job" --json | sed -nE 's/.*"bytes_per_step" : ([0-9]+),/\1/p')" = 0
check "the scheduler's block gives the nodes" grep -q '"nodes" : 3' \
    <("$swiftlet" plan "$job" --set scheduler.nodes=3 --node-speed 50 --json)

# The run beside it. Its time is not held against the plan: the machine may be busy.

mkdir "$work/run"
on 2 train "$job" --set threads=1 --set max_steps=4 --set eval_steps=0 --set save_steps=0 \
    --set output_dir="$work/run" >"$work/run.log" 2>&1 || fail "the job runs" "$work/run.log"
peak=$(sed -nE 's/.*"anonymous_peak_bytes": ?([0-9]+).*/\1/p' "$work/run/metrics.jsonl" | tail -n 1)
planned=$(number "$work/two.json" bytes_per_rank)
# So small a job touches less than half of what it allocates.
check "memory a rank: planned $planned, held $peak" between $((planned / 3)) "$peak" "$planned"
saved=$(du -sb "$work/run/checkpoints"/step-* | awk '{ print $1 }')
check "a checkpoint holds what was planned, and its descriptions" \
    between "$(number "$work/two.json" checkpoint_bytes)" "$saved" "$((2 * $(number "$work/two.json" checkpoint_bytes)))"

# Refusals.

refused "memory that does not suffice" 69 'MiB a node' 0 plan "$job" --memory 8M
refused "the scheduler's memory" 69 'MiB a node' 0 plan "$job" --set scheduler.memory=8M
refused "walltime that does not suffice" 69 'scheduler.walltime' 0 plan "$job" --node-speed 0.001 \
    --set scheduler.walltime=00:01:00
refused "nodes that cannot be divided" 64 'does not divide' 0 plan "$job" --nodes 4 --set distributed.nodes_per_copy=3
refused "no job and no shape" 64 'job' 0 plan
refused "a link that is none" 64 'link' 0 plan "$job" --link fast

# The comparison.

"$swiftlet" plan --shape 7b,70b --nodes 8,64 --link 1G,100G --memory 64G --node-speed 2000 --json >"$work/cases.json"
check "a case for each shape, number of nodes and link" test "$(grep -c '"why"' "$work/cases.json")" -eq 8
check "the table has a line for each" test \
    "$("$swiftlet" plan --shape 60m --nodes 1,2,4 --link 1G --node-speed 100 | grep -c '^60m ')" -eq 3
