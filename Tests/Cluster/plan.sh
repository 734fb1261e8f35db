#!/usr/bin/env bash
# Bytes on the wire of a step are those of the plan, headers included; its time is printed beside the planned one. On
# four hosts, operations and bytes of all ranks are the planned ones exactly.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
# An adapter that is large beside what keeps watch and asks for signals.
settings=(--set eval_steps=0 --set save_steps=0 --set micro_batch_size=1 --set global_batch_size=4
    --set sequence_len=32 --set compute=fp32 --set threads=1 --set lora_r=512)

# number FILE KEY: of a JSON file whose keys have lines of their own.
number() { sed -nE "s/.*\"$2\" : ([0-9.]+),?/\1/p" "$1"; }

# train STEPS HOSTS SETTING
train() {
    timeout 300 "$cluster" run -n "$2" "$swiftlet" train "$job" "${settings[@]}" --set max_steps="$1" --set "$3" \
        --set output_dir="$work/run-$1-$2-$3" >"$work/train.log" 2>&1 || fail "$3 runs" "$work/train.log"
}

# sent: what the host that sent most has sent.
sent() { "$cluster" bytes | awk '$2 > most { most = $2 } END { printf "%.0f", most }'; }

# compare HOSTS SETTING RATE LINK: two runs, of which the longer has ten steps more.
compare() {
    local hosts=$1 setting=$2 start few many bytes planned seconds
    "$cluster" shape all --rate "$3"
    start=$(sent)
    train 2 "$hosts" "$setting"
    few=$(($(sent) - start))
    start=$(sent)
    train 12 "$hosts" "$setting"
    many=$(($(sent) - start))
    bytes=$(((many - few) / 10))
    "$swiftlet" plan "$job" "${settings[@]}" --set "$setting" --nodes "$hosts" --link "$4" --json >"$work/plan.json"
    planned=$(number "$work/plan.json" link_bytes_per_step)
    check "$hosts hosts, $setting: $bytes bytes a step, planned $planned" \
        test $((bytes * 100)) -ge $((planned * 98)) -a $((bytes * 100)) -le $((planned * 102))
    seconds=$(sed -nE 's/.*"step_seconds": ?([0-9.]+).*/\1/p' "$work/run-12-$hosts-$setting/metrics.jsonl" |
        sort -n | sed -n 7p)
    printf '      %s: %s s a step, planned %s\n' "$3" "$seconds" "$(number "$work/plan.json" step_seconds)"
}

# exact HOSTS SETTING: operations and bytes of all ranks in ten steps are ten times the planned ones.
exact() {
    local hosts=$1 setting=$2 key named planned measured
    for steps in 2 12; do
        timeout 300 "$cluster" run -n "$hosts" "$swiftlet" train "$job" "${settings[@]}" --json --set max_steps="$steps" \
            --set "$setting" --set output_dir="$work/exact-$steps-$setting" >"$work/exact-$steps.json" \
            2>"$work/train.log" || fail "$setting runs" "$work/train.log"
    done
    "$swiftlet" plan "$job" "${settings[@]}" --set "$setting" --nodes "$hosts" --link 1G --json >"$work/plan.json"
    for named in operations:operations_per_step bytes_sent:bytes_per_step; do
        key=${named%:*}
        measured=$(($(number "$work/exact-12.json" "$key") - $(number "$work/exact-2.json" "$key")))
        planned=$(number "$work/plan.json" "${named#*:}")
        check "$hosts hosts, $setting: $key of ten steps are $measured, ten times the $planned planned" \
            test "$measured" -eq $((10 * planned))
    done
}

up 2
compare 2 distributed.zero_stage=3 1gbit 1G
compare 2 distributed.zero_stage=1 1gbit 1G

up 4
exact 4 distributed.nodes_per_copy=all
exact 4 distributed.nodes_per_copy=2
exact 4 distributed.zero_stage=0
