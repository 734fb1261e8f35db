#!/usr/bin/env bash
# The matrix behind Tests/EndToEnd/bits.sh: ranks x threads x instruction sets x checkpointing, for four kinds of job,
# and one host that plays several nodes.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/../lib.bash"

job=$root/Jobs/tiny.yaml
store=$work/tiny.base.h5
"$swiftlet" quantize "$root/Jobs/tiny" -o "$store" >/dev/null

declare -A kinds=(
    [plain]=""
    [dropout]="lora_dropout=0.05"
    [packed]="sample_packing=true sequence_len=160 micro_batch_size=2"
    [int8]="compute=int8 lora_dropout=0.05 micro_batch_size=2"
)

# run NAME RANKS [KEY=VALUE...]: trains into $work/NAME.
run() {
    local name=$1 ranks=$2 settings=() setting
    shift 2
    for setting in base_model="$store" compute=fp32 max_steps=4 eval_steps=2 save_steps=0 \
        output_dir="$work/$name" "$@"; do
        settings+=(--set "$setting")
    done
    on "$ranks" train "$job" "${settings[@]}" >"$work/$name.log" 2>&1 || fail "$name runs" "$work/$name.log"
}

# compare KIND RANKS KEY=VALUE...: one cell of the matrix.
compare() {
    local kind=$1
    shift
    # shellcheck disable=SC2086  # words without spaces
    run cell "$@" ${kinds[$kind]}
    same "$kind, ranks $*${SWIFTLET_ISA:+, $SWIFTLET_ISA}" "$work/$kind" "$work/cell"
    rm -rf "$work/cell"
}

sets=()
for isa in avx2 avx512; do
    if SWIFTLET_ISA=$isa "$swiftlet" info >/dev/null 2>&1; then
        sets+=("$isa")
    else
        printf 'skip  %s: this CPU lacks it\n' "$isa"
    fi
done

for kind in plain dropout packed int8; do
    # shellcheck disable=SC2086  # words without spaces
    run "$kind" 0 threads=1 gradient_checkpointing=false ${kinds[$kind]}
    for isa in "${sets[@]}"; do
        export SWIFTLET_ISA=$isa
        for ranks in 1 2 3 4; do
            for threads in 1 2; do
                for checkpointing in true false; do
                    compare "$kind" "$ranks" threads="$threads" gradient_checkpointing="$checkpointing"
                done
            done
        done
    done
    unset SWIFTLET_ISA
    compare "$kind" 3 threads=1 distributed.ranks_per_node=1
    compare "$kind" 4 threads=1 distributed.ranks_per_node=2
done

# The comparison can fail: another seed gives another adapter.
run other 0 threads=1 seed=43
check "another seed gives other bits" \
    sh -c "! cmp -s '$work/plain/adapter/adapter_model.safetensors' '$work/other/adapter/adapter_model.safetensors'"
