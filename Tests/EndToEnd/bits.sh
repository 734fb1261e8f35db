#!/usr/bin/env bash
# The same job gives the same bits on any ranks, threads, instruction sets and nodes, with and without checkpointing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

steps=6
base=$work/tiny.base.h5
"$swiftlet" quantize "$tiny" -o "$base" >/dev/null

# The settings of each kind of job; all else is Jobs/tiny.yaml.
declare -A kinds=(
    [plain]=""
    [dropout]="lora_dropout=0.05"
    [packed]="sample_packing=true sequence_len=160 micro_batch_size=2"
)
kind=plain

# train NAME LAUNCH... -- [key=value...]: one run of the present kind in $work/NAME, its log in $work/NAME.log.
train() {
    local name=$1 launch=() arguments=() value
    shift
    while [ "$1" != -- ]; do
        launch+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2086  # words without spaces
    for value in base_model=$base max_steps=$steps eval_steps=3 save_steps=0 output_dir=$work/$name ${kinds[$kind]} "$@"
    do arguments+=(--set "$value"); done
    command=("$swiftlet" train Jobs/tiny.yaml "${arguments[@]}")
    timeout 120 "${launch[@]}" "${command[@]}" >"$work/$name.log" 2>&1 || true
}

# compare NAME LAUNCH... -- [key=value...]: trains and compares with the present kind's first run.
compare() {
    local name=$kind-$1
    shift
    train "$name" "$@"
    same_bits "$kind: $name" "$work/$kind" "$work/$name" "$work/$name.log"
    rm -rf "${work:?}/$name"
}

isa() { printf 'SWIFTLET_ISA=%s' "$1"; }

for kind in plain dropout packed; do
    train "$kind" env -- threads=1 gradient_checkpointing=false
    compare "rank1-threads2" env -- threads=2 gradient_checkpointing=false
    compare "rank1-recomputed" env -- threads=2 gradient_checkpointing=true
    for ranks in 2 3 4; do
        compare "ranks$ranks" on "$ranks" env -- threads=1 gradient_checkpointing=false
    done
    compare "ranks2-threads2-recomputed" on 2 env -- threads=2 gradient_checkpointing=true
    compare "ranks3-nodes3" on 3 env -- threads=1 distributed.ranks_per_node=1
    compare "ranks4-nodes2-recomputed" on 4 env -- threads=1 distributed.ranks_per_node=2 gradient_checkpointing=true
done

# Instruction sets; the portable kernels are slow and take fewer steps.
supported=$("$swiftlet" info --json | tr -d '\n ' | sed -E 's/.*"supported_instruction_sets":\[([^]]*)\].*/\1/; s/[",]/ /g')
for kind in plain dropout packed; do
    for set in avx2 avx512; do
        if ! grep -qw "$set" <<<"$supported"; then
            skip "$kind on $set: this CPU lacks it"
            continue
        fi
        compare "$set-threads2" env "$(isa "$set")" -- threads=2 gradient_checkpointing=false
        compare "$set-ranks3" on 3 env "$(isa "$set")" -- threads=1 gradient_checkpointing=true
    done
done

kind=plain
if grep -qw avx2 <<<"$supported" && grep -qw avx512 <<<"$supported"; then
    name=mixed
    train "$name" false --
    timeout 120 mpirun --quiet --oversubscribe --bind-to none \
        -n 1 -x SWIFTLET_ISA=avx2 "${command[@]}" --set threads=1 : \
        -n 1 -x SWIFTLET_ISA=avx512 "${command[@]}" --set threads=2 >"$work/$name.log" 2>&1 || true
    same_bits "avx2 and avx512 in one job" "$work/plain" "$work/$name" "$work/$name.log"
else
    skip "avx2 and avx512 in one job: this CPU lacks one of them"
fi

steps=2
for kind in plain packed; do
    train "$kind-few" env -- threads=2 global_batch_size=4 val_set_size=4
    train "$kind-portable" env "$(isa portable)" -- threads=2 global_batch_size=4 val_set_size=4
    same_bits "$kind: portable kernels" "$work/$kind-few" "$work/$kind-portable" "$work/$kind-portable.log"
done

# The comparison can fail: another seed gives other bits.
kind=plain
train other-seed env -- threads=2 global_batch_size=4 val_set_size=4 seed=43
if cmp -s "$work/plain-few/adapter/adapter_model.safetensors" "$work/other-seed/adapter/adapter_model.safetensors"; then
    fail "another seed gives the same adapter"
else
    pass
fi
