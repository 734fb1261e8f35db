#!/usr/bin/env bash
# All parameters trained: the same bits on any number of ranks and after kill -9, from weights and from random ones.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
settings=(--set adapter=none --set quantization=null --set max_steps=8 --set eval_steps=4 --set save_steps=1
    --set micro_batch_size=2 --set global_batch_size=7 --set learning_rate=1e-3)

# run NAME RANKS [KEY=VALUE...]: trains into $work/NAME.
run() {
    local name=$1 ranks=$2 extra=() setting
    shift 2
    for setting in "$@"; do extra+=(--set "$setting"); done
    on "$ranks" train "$job" "${settings[@]}" --set output_dir="$work/$name" "${extra[@]}" >>"$work/$name.log" 2>&1 || {
        fail "$name runs" "$work/$name.log"
        return 1
    }
}

run one 0 threads=1
for ranks in 1 2 3 4; do
    run "ranks-$ranks" "$ranks" threads=1 && same "$ranks ranks under mpirun" "$work/one" "$work/ranks-$ranks"
done
run checkpointed 2 threads=2 gradient_checkpointing=true && same "gradient checkpointing" "$work/one" "$work/checkpointed"

# kill -9 of the whole job, or of one rank, somewhere in the run; then on with another number of ranks.
for victims in all one; do
    rm -rf "$work/cut"
    setsid "${launcher[@]}" -n 3 "$swiftlet" train "$job" "${settings[@]}" \
        --set threads=1 --set output_dir="$work/cut" >"$work/cut.log" 2>&1 &
    leader=$!
    for _ in $(seq 400); do
        if [ -s "$work/cut/metrics.jsonl" ] && [ "$(grep -c '"loss"' "$work/cut/metrics.jsonl")" -ge 3 ]; then break; fi
        sleep 0.02
    done
    if [ "$victims" = one ]; then
        kill -9 "$(pgrep -f "^$swiftlet train .*output_dir=$work/cut" | tail -n 1)" 2>/dev/null || true
    else
        pkill -9 -f "output_dir=$work/cut" || true
    fi
    wait "$leader" 2>/dev/null || true
    check "kill -9 of $victims cuts the run short" test ! -e "$work/cut/model"
    run cut 2 threads=1 && same "killed ($victims) and resumed on two ranks" "$work/one" "$work/cut"
    check "the run was resumed" grep -q 'resumed from step' "$work/cut.log"
done

# From random weights only shape and tokenizer are needed.
mkdir "$work/shape"
cp "$root"/Jobs/tiny/{config,tokenizer,tokenizer_config}.json "$work/shape/"
run random-1 0 init=random base_model="$work/shape" threads=2
run random-4 4 init=random base_model="$work/shape" threads=1 && same "random weights on four ranks" "$work/random-1" "$work/random-4"
check "random weights give another model" \
    sh -c "! cmp -s '$work/one/model/model.safetensors' '$work/random-1/model/model.safetensors'"

# What is written is a model like any other.
rows=$root/Jobs/tiny/validation.jsonl
check "the trained model is evaluated" "$swiftlet" eval "$work/one/model" --data "$rows"
check "a checkpoint is exported as the same model" sh -c \
    "'$swiftlet' export '$work/one/checkpoints' --to merged -o '$work/exported' &&
     cmp '$work/exported/model.safetensors' '$work/one/model/model.safetensors' &&
     cmp '$work/exported/tokenizer.json' '$root/Jobs/tiny/tokenizer.json'"
check "an adapter is trained on the model" "$swiftlet" train "$job" --set base_model="$work/one/model" \
    --set max_steps=2 --set output_dir="$work/adapter"
