#!/usr/bin/env bash
# The same job gives the same bits on any number of ranks and threads, any instruction set, checkpointed or not.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set max_steps=5 --set eval_steps=2 --set save_steps=0 --set micro_batch_size=2 --set global_batch_size=7
    --set lora_dropout=0.05)

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

run one 0 threads=1
for ranks in 1 2 3 4; do
    run "ranks-$ranks" "$ranks" threads=1 && same "$ranks ranks under mpirun" "$work/one" "$work/ranks-$ranks"
done
run threads 0 threads=2 && same "two threads" "$work/one" "$work/threads"
run checkpointed 2 threads=2 gradient_checkpointing=true && same "gradient checkpointing" "$work/one" "$work/checkpointed"
for isa in avx2 avx512 portable; do
    if ! SWIFTLET_ISA=$isa "$swiftlet" info >/dev/null 2>&1; then
        printf 'skip  %s: this CPU lacks it\n' "$isa"
        continue
    fi
    if SWIFTLET_ISA=$isa run "isa-$isa" 0 threads=2; then same "instruction set $isa" "$work/one" "$work/isa-$isa"; fi
done

# A job whose ranks are unlike: one masked to plain C, one not.
mpirun --quiet --oversubscribe --bind-to none \
    -n 1 -x SWIFTLET_ISA=portable "$swiftlet" train "$job" "${settings[@]}" --set output_dir="$work/mixed" : \
    -n 1 "$swiftlet" train "$job" "${settings[@]}" --set output_dir="$work/mixed" >"$work/mixed.log" 2>&1 ||
    fail "a mixed job runs" "$work/mixed.log"
same "ranks of different instruction sets" "$work/one" "$work/mixed"

# The same in int8.
run int8 0 threads=1 compute=int8
check "int8 is not fp32" test "$(bits "$work/int8")" != "$(bits "$work/one")"
run int8-ranks 3 threads=1 compute=int8 && same "int8 on three ranks" "$work/int8" "$work/int8-ranks"
run int8-checkpointed 2 threads=2 gradient_checkpointing=true compute=int8 &&
    same "int8 with two threads and gradient checkpointing" "$work/int8" "$work/int8-checkpointed"
for isa in avx2 portable; do
    SWIFTLET_ISA=$isa "$swiftlet" info >/dev/null 2>&1 || continue
    if SWIFTLET_ISA=$isa run "int8-$isa" 0 threads=2 compute=int8; then
        same "int8, instruction set $isa" "$work/int8" "$work/int8-$isa"
    fi
done
settings+=(--set compute=int8 --set output_dir="$work/int8-mixed")
mpirun --quiet --oversubscribe --bind-to none \
    -n 1 -x SWIFTLET_ISA=portable "$swiftlet" train "$job" "${settings[@]}" : \
    -n 1 "$swiftlet" train "$job" "${settings[@]}" >"$work/int8-mixed.log" 2>&1 ||
    fail "a mixed job runs in int8" "$work/int8-mixed.log"
same "int8, ranks of different instruction sets" "$work/int8" "$work/int8-mixed"
settings=("${settings[@]:0:${#settings[@]}-4}")

run packed-1 0 sample_packing=true
run packed-3 3 sample_packing=true && same "packed sequences on three ranks" "$work/packed-1" "$work/packed-3"

# Evaluation of the base, over ranks.
loss() { sed -nE 's/.*"loss" ?: ?([^,]*),?.*/\1/p'; }
one=$(on 0 eval "$root/Jobs/tiny" --data "$root/Jobs/tiny/validation.jsonl" --json 2>/dev/null | loss)
three=$(on 3 eval "$root/Jobs/tiny" --data "$root/Jobs/tiny/validation.jsonl" --json 2>/dev/null | loss)
check "eval gives the same loss on three ranks ($one)" test -n "$one" -a "$one" = "$three"
