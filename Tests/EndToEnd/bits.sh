#!/usr/bin/env bash
# The same job gives the same bits on any number of ranks and threads, any instruction set, checkpointed or not.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set max_steps=5 --set eval_steps=2 --set save_steps=0 --set micro_batch_size=2 --set global_batch_size=7
    --set lora_dropout=0.05 --set compute=fp32)

# run NAME RANKS [KEY=VALUE...]: trains into $work/NAME.
run() {
    local name=$1 ranks=$2 extra=()
    shift 2
    local setting
    for setting in "$@"; do extra+=(--set "$setting"); done
    on "$ranks" train "$job" "${settings[@]}" --set output_dir="$work/$name" "${extra[@]}" >"$work/$name.log" 2>&1 || {
        fail "$name runs" "$work/$name.log"
        return 1
    }
}

# shellcheck disable=SC2329  # called by check
refused_copy() {
    local code=0
    on 2 train "$job" "${settings[@]}" --set output_dir="$work/refused" --set distributed.ranks_per_node=1 \
        --set distributed.nodes_per_copy=3 >"$work/refused.log" 2>&1 || code=$?
    [ "$code" -eq 64 ] && grep -q 'nodes_per_copy: 3 does not divide the 2 nodes' "$work/refused.log"
}

run one 0 threads=1
for ranks in 1 2 3 4; do
    run "ranks-$ranks" "$ranks" threads=1 && same "$ranks ranks under mpirun" "$work/one" "$work/ranks-$ranks"
done
run threads 0 threads=2 && same "two threads" "$work/one" "$work/threads"
run checkpointed 2 threads=2 gradient_checkpointing=true && same "gradient checkpointing" "$work/one" "$work/checkpointed"
# The base over several nodes, which one host plays.
for nodes in all 2; do
    run "copy-$nodes" 4 threads=1 distributed.ranks_per_node=1 distributed.nodes_per_copy="$nodes" &&
        same "a copy over $nodes nodes of one rank" "$work/one" "$work/copy-$nodes"
    check "the copy over $nodes nodes is gathered" grep -q 'the base is spread over' "$work/copy-$nodes.log"
done
check "a copy over 3 of 2 nodes is refused" refused_copy
run copy-shared 4 threads=1 distributed.ranks_per_node=2 distributed.nodes_per_copy=all &&
    same "a copy over two nodes of two ranks" "$work/one" "$work/copy-shared"
# shellcheck disable=SC2329  # called by check
same_threads() {
    local threads
    threads=$(grep -oE '[0-9,]+ threads? each' "$work/$1.log") && grep -q " $threads" "$work/$2.log"
}
run usual 2 && run playing 2 distributed.ranks_per_node=1 && same "two nodes that one host plays" "$work/one" "$work/playing"
check "nodes that one host plays share its cores" same_threads usual playing
for isa in avx2 avx512 portable; do
    if ! SWIFTLET_ISA=$isa "$swiftlet" info >/dev/null 2>&1; then
        printf 'skip  %s: this CPU lacks it\n' "$isa"
        continue
    fi
    if SWIFTLET_ISA=$isa run "isa-$isa" 0 threads=2; then same "instruction set $isa" "$work/one" "$work/isa-$isa"; fi
done

# mixed NAME LIKE SETS [KEY=VALUE...]: a job whose ranks are unlike, one for each instruction set; `any` is the best.
mixed() {
    local name=$1 like=$2 isa setting extra=() ranks=()
    for setting in output_dir="$work/$name" "${@:4}"; do extra+=(--set "$setting"); done
    for isa in $3; do
        ranks+=(: -n 1 env SWIFTLET_ISA="${isa/any/}" "$swiftlet" train "$job" "${settings[@]}" "${extra[@]}")
    done
    "${launcher[@]}" "${ranks[@]:1}" >"$work/$name.log" 2>&1 ||
        fail "a mixed job runs" "$work/$name.log"
    same "ranks of the instruction sets $3${4:+, $4}" "$work/$like" "$work/$name"
}

mixed mixed one "portable any"

# The same in int8 and in bf16.
for compute in int8 bf16; do
    run "$compute" 0 threads=1 compute="$compute"
    check "$compute is not fp32" test "$(bits "$work/$compute")" != "$(bits "$work/one")"
    run "$compute-ranks" 3 threads=1 compute="$compute" &&
        same "$compute on three ranks" "$work/$compute" "$work/$compute-ranks"
    run "$compute-checkpointed" 2 threads=2 gradient_checkpointing=true compute="$compute" &&
        same "$compute with two threads and gradient checkpointing" "$work/$compute" "$work/$compute-checkpointed"
    for isa in avx2 avxvnni; do
        SWIFTLET_ISA=$isa "$swiftlet" info >/dev/null 2>&1 || continue
        if SWIFTLET_ISA=$isa run "$compute-$isa" 0 threads=2 compute="$compute"; then
            same "$compute, instruction set $isa" "$work/$compute" "$work/$compute-$isa"
        fi
    done
    mixed "$compute-portable-any" "$compute" "portable any" compute="$compute"
done
if SWIFTLET_ISA=avx512 "$swiftlet" info >/dev/null 2>&1; then
    mixed int8-avx2-avx512 int8 "avx2 avx512" compute=int8
    mixed int8-avx512-portable-avx2 int8 "avx512 portable avx2" compute=int8 threads=2
fi

# How many sequences are computed at once does not show in what they give; only gradients are summed over them.
first_losses() { sed -nE 's/.*"step": ?([01]), "((eval_)?loss)": ?([^,]*),.*/\1 \2 \4/p' "$work/$1/metrics.jsonl"; }
for compute in fp32 int8; do
    for size in 1 2 4; do
        run "$compute-by-$size" 0 compute="$compute" lora_model_dir="$work/int8/adapter" lora_dropout=0 max_steps=1 \
            eval_steps=1 micro_batch_size="$size" || continue
        check "$compute: the losses of micro-batches of $size" test \
            "$(first_losses "$compute-by-$size" | wc -l)" -eq 3 -a \
            "$(first_losses "$compute-by-1" | head -n 2)" = "$(first_losses "$compute-by-$size" | head -n 2)"
    done
done

run packed-1 0 sample_packing=true
run packed-3 3 sample_packing=true && same "packed sequences on three ranks" "$work/packed-1" "$work/packed-3"

# Evaluation of the base, over ranks.
loss() { sed -nE 's/.*"loss" ?: ?([^,]*),?.*/\1/p'; }
one=$(on 0 eval "$root/Jobs/tiny" --data "$root/Jobs/tiny/validation.jsonl" --json 2>/dev/null | loss)
three=$(on 3 eval "$root/Jobs/tiny" --data "$root/Jobs/tiny/validation.jsonl" --json 2>/dev/null | loss)
check "eval gives the same loss on three ranks ($one)" test -n "$one" -a "$one" = "$three"
