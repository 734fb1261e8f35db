#!/usr/bin/env bash
# What leaves the program: merged models and other formats, whole or not at all, and never on the wrong base.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

tiny=$root/Jobs/tiny
rows=$work/rows.jsonl
head -n 20 "$tiny/validation.jsonl" >"$rows"

# loss ARGUMENTS...: the loss that eval prints, all digits.
loss() { "$swiftlet" eval "$@" --data "$rows" --json 2>/dev/null | sed -nE 's/.*"loss" ?: ?([^,]*),?.*/\1/p'; }

# near NAME A B SHARE: two numbers differ by at most that share of the first.
near() {
    check "$1: $2 and $3" awk -v a="$2" -v b="$3" -v share="$4" \
        'BEGIN { d = a - b; exit !(a > 0 && b > 0 && d <= share * a && -d <= share * a) }'
}

run=$work/run
short=(--set max_steps=4 --set eval_steps=0 --set save_steps=0 --set global_batch_size=4)
"$swiftlet" train "$root/Jobs/tiny.yaml" "${short[@]}" --set output_dir="$run" >"$work/train.log" 2>&1 ||
    fail "train" "$work/train.log"

# A merged model is the base with the adapter.
check "export of a checkpoint, merged" "$swiftlet" export "$run/checkpoints" --to merged -o "$work/merged"
check "in fp32, too" "$swiftlet" export "$run/checkpoints" --to hf --dtype fp32 -o "$work/merged-fp32"
check "export of the adapter, merged" "$swiftlet" export "$run/adapter" --to merged -o "$work/merged-adapter"
check "both are the same" cmp "$work/merged/model.safetensors" "$work/merged-adapter/model.safetensors"
for file in config.json model.safetensors tokenizer.json tokenizer_config.json swiftlet.json; do
    check "the directory holds $file" test -s "$work/merged/$file"
done
check "config.json says bfloat16 and no quantisation" \
    sh -c "grep -q '\"bfloat16\"' '$work/merged/config.json' && ! grep -q quantization '$work/merged/config.json'"
trained=$(loss "$run/base.base.h5" --adapter "$run/adapter")
base=$(loss "$run/base.base.h5")
near "the merged fp32 model has the loss of base and adapter" "$trained" "$(loss "$work/merged-fp32")" 1e-6
near "rounded to bf16, nearly" "$trained" "$(loss "$work/merged")" 2e-3
check "the adapter matters" test "$base" != "$trained"

# Whole or not at all, and nothing of others is lost.
check "an export is replaced by the next" "$swiftlet" export "$run/checkpoints" --to merged -o "$work/merged"
check "which is the same again" cmp "$work/merged/model.safetensors" "$work/merged-adapter/model.safetensors"
refused "a run's directory is not overwritten" 74 "no export wrote" \
    0 export "$run/checkpoints" --to merged -o "$run"
cp -r "$tiny" "$work/model"
refused "a model's directory is not overwritten" 74 "no export wrote" \
    0 export "$run/checkpoints" --to merged -o "$work/model"
check "and is as it was" diff -r "$tiny" "$work/model"
refused "a file is not overwritten" 74 "no directory" \
    0 export "$run/checkpoints" --to merged -o "$rows"
mkdir "$work/small"
if mount -t tmpfs -o size=200k tmpfs "$work/small" 2>/dev/null; then
    refused "a disk without room is said" 69 "are free" \
        0 export "$run/checkpoints" --to merged -o "$work/small/merged"
    check "and nothing is left on it" test -z "$(ls -A "$work/small")"
fi
check "no unfinished directory is left" test -z "$(find "$work" -name '.*tmp*')"

# Another base is refused.
check "fp4 base" "$swiftlet" quantize "$tiny" --format fp4 -o "$work/fp4.base.h5"
hash=$("$swiftlet" inspect "$work/fp4.base.h5" --json | sed -nE 's/.*"hash" ?: ?"([0-9a-f]{12}).*/\1/p' | head -n 1)
refused "a checkpoint on another base" 65 "$hash" \
    0 export "$run/checkpoints" --base "$work/fp4.base.h5" --to merged -o "$work/x"
refused "an adapter on another base" 65 "$hash" \
    0 export "$run/adapter" --base "$work/fp4.base.h5" --to merged -o "$work/x"
cp -r "$run/adapter" "$work/adapter"
refused "an adapter whose base is not beside it" 65 "--base" \
    0 export "$work/adapter" --to merged -o "$work/x"
check "its base by name" "$swiftlet" export "$work/adapter" --base "$run/base.base.h5" --to merged -o "$work/named"
check "gives the same model" cmp "$work/named/model.safetensors" "$work/merged/model.safetensors"
check "the model that the base was made from will do" \
    "$swiftlet" export "$work/adapter" --base "$tiny" --to merged -o "$work/from-model"
check "and gives the same model" cmp "$work/from-model/model.safetensors" "$work/merged/model.safetensors"
foreign=$root/Tests/ExecutionTests/Fixtures/llama_tiny
refused "a foreign adapter without a base" 64 "--base" \
    0 export "$foreign/adapter" --to merged -o "$work/x"
refused "a foreign adapter of other shapes" 65 "shape" \
    0 export "$foreign/adapter" --base "$tiny" --to merged -o "$work/x"
check "a foreign adapter on its base" \
    "$swiftlet" export "$foreign/adapter" --base "$foreign/model" --to merged -o "$work/foreign"
refused "--base with another target" 64 "--base" \
    0 export "$run/checkpoints" --base "$work/fp4.base.h5" --to peft -o "$work/x"
check "nothing was written for what was refused" test ! -e "$work/x"

# FP4: store, directory and bitsandbytes' layout give the same bits; a job trains on it.
fp4=$(loss "$work/fp4.base.h5")
check "eval as fp4 is eval of the store: $fp4" test "$fp4" = "$(loss "$tiny" --quantization fp4)"
check "fp4 is not nf4" test "$fp4" != "$base"
check "fp4 to bitsandbytes" "$swiftlet" export "$work/fp4.base.h5" --to bitsandbytes -o "$work/bitsandbytes"
check "and back" test "$fp4" = "$(loss "$work/bitsandbytes")"
for ranks in 0 2; do
    on "$ranks" train "$root/Jobs/tiny.yaml" "${short[@]}" --set quantization.format=fp4 \
        --set output_dir="$work/fp4-$ranks" >"$work/train.log" 2>&1 || fail "train on fp4, $ranks ranks" "$work/train.log"
done
same "training on fp4, alone and on two ranks" "$work/fp4-0" "$work/fp4-2"
check "its base is the store" cmp "$work/fp4-0/base.base.h5" "$work/fp4.base.h5"
