#!/usr/bin/env bash
# The same losses over ranks, copies of the base, ZeRO stages, hosts and what is trained: 30 steps, bit for bit. Every
# pair of two settings is in one of the runs; with COVER=all every combination is.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set max_steps=30 --set eval_steps=0 --set save_steps=0 --set micro_batch_size=2 --set global_batch_size=6
    --set compute=fp32 --set threads=1)
full=(--set adapter=none --set quantization=null --set learning_rate=1e-3)

# combinations: a line each, of hosts, ranks, nodes_per_copy, zero_stage, what is trained, ranks_per_node.
combinations() {
    local hosts ranks copy stage trained each
    for hosts in 1 2 4; do
        for ranks in 1 2 3 4; do
            # No host stays empty, and none has more than the others by two.
            if [ "$ranks" -lt "$hosts" ]; then continue; fi
            for copy in 1 2 all; do
                each=auto
                # One host plays a node a rank; three ranks are two nodes where a copy is to lie on two.
                if [ "$hosts" -eq 1 ]; then each=1; fi
                if [ "$copy" = 2 ]; then
                    case $hosts-$ranks in
                        1-1) continue ;;
                        1-3) each=2 ;;
                        # Two copies, each over both ranks of a host.
                        2-4) each=1 ;;
                    esac
                fi
                for stage in 0 1 2 3; do
                    for trained in qlora full; do echo "$hosts $ranks $copy $stage $trained $each"; done
                done
            done
        done
    done
}

# pairwise: of the lines it reads, as few as hold every pair of values of the first five columns that any line holds;
# the line with the most new pairs first.
pairwise() {
    awk '
        { line[NR] = $0; for (a = 1; a < 5; a++) for (b = a + 1; b <= 5; b++) open[a, $a, b, $b] = 1 }
        END {
            for (;;) {
                most = 0
                for (i = 1; i <= NR; i++) {
                    split(line[i], v, " "); count = 0
                    for (a = 1; a < 5; a++) for (b = a + 1; b <= 5; b++) count += open[a, v[a], b, v[b]]
                    if (count > most) { most = count; best = i }
                }
                if (most == 0) exit
                print line[best]; split(line[best], v, " ")
                for (a = 1; a < 5; a++) for (b = a + 1; b <= 5; b++) open[a, v[a], b, v[b]] = 0
            }
        }'
}

# train NAME COMMAND...: into $work/NAME, by the command that starts swiftlet, with $chosen settings.
train() {
    local name=$1
    shift
    timeout 300 "$@" "$swiftlet" train "$job" "${settings[@]}" "${chosen[@]}" --set output_dir="$work/$name" \
        >"$work/$name.log" 2>&1 || {
        fail "$name runs" "$work/$name.log"
        return 1
    }
}

chosen=()
train qlora env
chosen=("${full[@]}")
train full env

if [ "${COVER:-pairs}" = all ]; then runs=$(combinations); else runs=$(combinations | pairwise | sort -n); fi
check "a pairwise cover has at most 20 runs" test "$(combinations | pairwise | wc -l)" -le 20
up_hosts=1
while read -r hosts ranks copy stage trained each; do
    if [ "$hosts" -ne "$up_hosts" ]; then
        if [ "$up_hosts" -gt 1 ]; then "$cluster" down; fi
        up "$hosts"
        up_hosts=$hosts
    fi
    launch=("${launcher[@]}" -n "$ranks")
    if [ "$hosts" -gt 1 ]; then launch=("$cluster" run -n "$ranks" -ppn $(((ranks + hosts - 1) / hosts))); fi
    chosen=(--set distributed.nodes_per_copy="$copy" --set distributed.zero_stage="$stage"
        --set distributed.ranks_per_node="$each")
    if [ "$trained" = full ]; then chosen+=("${full[@]}"); fi
    name="$trained-$ranks-ranks-$hosts-hosts-copy-$copy-zero-$stage"
    train "$name" "${launch[@]}" </dev/null && same "$name" "$work/$trained" "$work/$name"
    rm -rf "${work:?}/$name"
done <<<"$runs"
