#!/usr/bin/env bash
# What is wrong outside the program: one clear line from one rank, the right exit code, in time, and nothing is lost.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

tiny=$root/Jobs/tiny
cp -r "$tiny" "$work/model"
cat >"$work/job.yaml" <<YAML
base_model: $work/model
adapter: qlora
datasets: [{path: rows.jsonl, type: text}]
val_set_size: 0
sequence_len: 128
sample_packing: false
global_batch_size: 2
max_steps: 3
save_steps: 1
threads: 1
output_dir: $work/out
YAML
head -n 12 "$tiny/train.jsonl" >"$work/rows.jsonl"

train=(train "$work/job.yaml")

refused "a missing job file" 64 "nowhere.yaml" 2 train "$work/nowhere.yaml"
refused "a misspelt key" 64 "learning_rat.*learning_rate" 2 "${train[@]}" --set learning_rat=1
refused "a wrong type" 64 "lora_r must be" 2 "${train[@]}" --set lora_r=many
refused "a value out of range" 64 "micro_batch_size" 0 "${train[@]}" --set micro_batch_size=0
refused "what is not built yet" 64 "not built yet" 0 "${train[@]}" --set optimizer=adamw_8bit
refused "keys that exclude each other" 64 "init: random and adapter: qlora exclude" 2 "${train[@]}" --set init=random
refused "an adapter where none is trained" 64 "lora_model_dir and adapter: none exclude" 0 "${train[@]}" \
    --set adapter=none --set lora_model_dir="$work/none"
refused "a step that fits no machine" 69 "a step needs" 2 "${train[@]}" --set micro_batch_size=65536 \
    --set global_batch_size=65536 --set sequence_len=32000 --set sample_packing=true
refused "an unknown option" 64 "Unknown option" 2 "${train[@]}" --frobnicate
refused "a missing model" 65 "config.json" 2 "${train[@]}" --set base_model="$work/none"
refused "missing data" 65 "none.jsonl" 2 "${train[@]}" --set datasets.0.path="$work/none.jsonl"

printf '{"text": "one"}\n{"text": 2}\n' >"$work/bad.jsonl"
refused "a malformed row" 65 "bad.jsonl: line 2" 2 "${train[@]}" --set datasets.0.path="$work/bad.jsonl"
: >"$work/empty.jsonl"
printf '{"text": "one"}\n\n{"text": "two"\n' >"$work/broken.jsonl"
refused "a line that is no JSON" 65 "broken.jsonl: line 3" 2 "${train[@]}" --set datasets.0.path="$work/broken.jsonl"
refused "an empty data file" 65 "empty.jsonl" 2 "${train[@]}" --set datasets.0.path="$work/empty.jsonl"
printf '{"input_ids": [1, 2, 99999]}\n' >"$work/ids.jsonl"
refused "an id outside the vocabulary" 65 "line 1" 0 eval "$tiny" --data "$work/ids.jsonl"

# model NAME COMMAND...: a copy of the model, damaged by the command (run inside it).
damaged() {
    rm -rf "$work/damaged"
    cp -r "$tiny" "$work/damaged"
    (cd "$work/damaged" && "$@")
}
damaged truncate -s 100000 model.safetensors
refused "a truncated safetensors" 65 "model.safetensors" 2 "${train[@]}" --set base_model="$work/damaged"
damaged rm model.safetensors
refused "a missing safetensors" 65 "safetensors" 2 "${train[@]}" --set base_model="$work/damaged"
damaged sh -c "printf '\377\377\377\377\377\377\377\177' | dd of=model.safetensors conv=notrunc status=none"
refused "an oversized header" 65 "model.safetensors" 2 "${train[@]}" --set base_model="$work/damaged"
damaged sed -i 's/"data_offsets":\[65536,65664\]/"data_offsets":[65408,65536]/' model.safetensors
refused "overlapping tensors" 65 "model.safetensors.*overlap" 2 "${train[@]}" --set base_model="$work/damaged"
damaged sed -i 's/"llama"/"mamba"/' config.json
refused "an unknown architecture" 65 "mamba" 2 "${train[@]}" --set base_model="$work/damaged"
damaged sed -i 's/"BPE"/"Unigram"/' tokenizer.json
refused "a tokenizer of another kind" 65 "Unigram" 2 "${train[@]}" --set base_model="$work/damaged"
damaged truncate -s 1000 tokenizer.json
refused "a truncated tokenizer" 65 "tokenizer.json" 2 "${train[@]}" --set base_model="$work/damaged"

# What was committed stays, whatever comes after.
on 2 "${train[@]}" >"$work/first.log" 2>&1 || fail "the first run" "$work/first.log"
refused "another seed on resume" 64 "seed was 42 and is 7" 2 "${train[@]}" --set seed=7
damaged sh -c "printf x | dd of=model.safetensors bs=1 seek=200000 conv=notrunc status=none"
refused "another base on resume" 65 "another base" 2 "${train[@]}" --set base_model="$work/damaged"
refused "an output_dir under a file" 74 "output_dir" 2 "${train[@]}" --set output_dir="$work/rows.jsonl/out"
refused "an output under a file" 74 "rows.jsonl" 0 quantize "$tiny" -o "$work/rows.jsonl/x.base.h5"
"$swiftlet" quantize "$tiny" -o "$work/x.base.h5" >/dev/null 2>&1
truncate -s 50000 "$work/x.base.h5"
refused "a truncated base store" 65 "x.base.h5" 0 eval "$work/x.base.h5" --data "$tiny/validation.jsonl"
cp "$work/out/base.base.h5" "$work/z.base.h5"
cp "$work/out/base.base.h5.manifest.json" "$work/z.base.h5.manifest.json"
truncate -s 40000 "$work/z.base.h5"
refused "training on a truncated base store" 65 "z.base.h5" 2 "${train[@]}" --set base_model="$work/z.base.h5"
part=$work/out/checkpoints/step-00000003/part-00000-of-00002.h5
truncate -s 5000 "$part"
refused "a truncated checkpoint" 65 "part-00000-of-00002.h5" 0 inspect "$work/out/checkpoints/step-00000003"
refused "resuming from a truncated checkpoint by name" 65 "part-00000-of-00002.h5" 2 "${train[@]}" \
    --set resume_from_checkpoint="$work/out/checkpoints/step-00000003"
refused "resuming from where there is none" 65 "nothing" 2 "${train[@]}" --set resume_from_checkpoint="$work/nothing"
rm -rf "$work/out/adapter"
on 2 "${train[@]}" >"$work/again.log" 2>&1 || fail "resuming behind a damaged checkpoint" "$work/again.log"
check "a damaged checkpoint is passed over with a warning" \
    sh -c "grep -q warning '$work/again.log' && test -s '$work/out/adapter/adapter_model.safetensors'"

# A full disk while saving, where a small file system can be mounted.
mkdir "$work/small"
if mount -t tmpfs -o size=900k tmpfs "$work/small" 2>/dev/null; then
    "$swiftlet" quantize "$tiny" -o "$work/y.base.h5" >/dev/null 2>&1
    small=("${train[@]}" --set base_model="$work/y.base.h5" --set output_dir="$work/small" --set lora_r=4 --set save_total_limit=9
        --set max_steps=30)
    refused "a full disk while saving" 74 "(full|No space|room)" 2 "${small[@]}"
    check "the last checkpoint before the full disk is whole" "$swiftlet" inspect "$work/small/checkpoints"
    mount -o remount,size=64m "$work/small"
    on 3 "${small[@]}" >"$work/small.log" 2>&1 || fail "resuming after space was made" "$work/small.log"
    check "the run goes on once there is space" grep -q "resumed from step" "$work/small.log"
else
    printf 'skip  a full disk while saving: no file system can be mounted here\n'
fi
