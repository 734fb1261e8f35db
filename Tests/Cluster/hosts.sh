#!/usr/bin/env bash
# The collectives hold on several hosts, and a job gives the same bits there, on links as slow and lossy as may be.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
rank_tests=${SWIFTLET_RANK_TESTS:-$(dirname "$swiftlet")/rank-tests}
settings=(--set eval_steps=2 --set save_steps=0 --set val_set_size=8 --set micro_batch_size=2 --set global_batch_size=8
    --set compute=fp32 --set threads=1)

# train NAME STEPS COMMAND...: into $work/NAME, by the command that starts swiftlet.
train() {
    local name=$1 steps=$2 begin=$SECONDS
    shift 2
    if ! timeout 300 "$@" "$swiftlet" train "$job" "${settings[@]}" --set max_steps="$steps" \
        --set output_dir="$work/$name" >"$work/$name.log" 2>&1; then
        fail "$name runs" "$work/$name.log"
        return 1
    fi
    printf '      %s: %d s\n' "$name" $((SECONDS - begin))
}

train one 3 env

# Meanwhile: hundreds of rounds over such a link take a minute, and no CPU.
up 2
"$cluster" shape all --delay 100ms --loss 1%
train slow 3 "$cluster" run -n 2 &
slow=$!

for hosts in 2 4; do
    up "$hosts"
    for each in 1 2; do
        check "the collectives hold with $each on each of $hosts hosts" \
            "$cluster" run -n $((hosts * each)) -ppn "$each" "$rank_tests"
    done
    train "hosts-$hosts" 3 "$cluster" run -n "$hosts" -ppn 1 &&
        same "a rank on each of $hosts hosts" "$work/one" "$work/hosts-$hosts"
    check "$hosts ranks on $hosts nodes" grep -q "$hosts ranks on $hosts nodes" "$work/hosts-$hosts.log"
    nothing_left "nothing is left on $hosts hosts"
    "$cluster" down
done

up 2
train ranks-4 3 "$cluster" run -n 4 && same "two ranks on each of two hosts" "$work/one" "$work/ranks-4"
check "4 ranks on 2 nodes" grep -q "4 ranks on 2 nodes" "$work/ranks-4.log"

if wait "$slow"; then
    same "100 ms and 1 % of loss from host to host" "$work/one" "$work/slow"
else
    fail "a job on slow links" "$work/slow.log"
fi
