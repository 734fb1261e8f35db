#!/usr/bin/env bash
# What each command prints and writes: the keys that machines rely on, and the same bits by every way to a result.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

tiny=$root/Jobs/tiny
job=$root/Jobs/tiny.yaml
rows=$work/rows.jsonl
head -n 20 "$tiny/validation.jsonl" >"$rows"

# one_value FILE: the file is one JSON value and nothing else. Strings become S, numbers and words V; then the
# innermost objects and lists are folded until one value is left.
one_value() {
    local text before=
    text=$(tr -d '\n' <"$1" |
        sed -E 's/"([^"\\]|\\.)*"/S/g; s/(-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)/V/g; s/[[:space:]]+//g')
    while [ "$text" != "$before" ]; do
        before=$text
        text=$(sed -E 's/\{(S:[SV](,S:[SV])*)?\}/V/g; s/\[([SV](,[SV])*)?\]/V/g' <<<"$text")
    done
    [ "$text" = V ]
}

# printed NAME "KEY..." ARGUMENTS...: with --json, stdout is one JSON value that holds the keys; it stays in $work/NAME.
printed() {
    local name=$1 keys=$2 key out=$work/$1
    shift 2
    if ! "$swiftlet" "$@" --json >"$out" 2>"$out.log"; then
        fail "$name runs" "$out.log"
        return
    fi
    if ! one_value "$out"; then
        fail "$name --json prints one JSON value" "$out"
        return
    fi
    for key in $keys; do
        if ! grep -qE "\"$key\" *:" "$out"; then
            fail "$name --json has $key" "$out"
            return
        fi
    done
    pass "$name --json: $keys"
}

# number KEY FILE: the digits of a number in JSON.
number() { tr ',' '\n' <"$2" | sed -nE "s/.*\"$1\" ?: ?([-+0-9.eE]+).*/\1/p" | head -n 1; }

# equal NAME KEY FILE FILE: both hold the same digits.
equal() {
    local one other
    one=$(number "$2" "$3")
    other=$(number "$2" "$4")
    check "$1: $2 is $one and $other" test -n "$one" -a "$one" = "$other"
}

# The reader of JSON that these tests rely on can say no.
printf '{"a": [1, 2.5e-3, {"b": "x\\"}y"}], "c": null}\n' >"$work/good"
printf '{"a": 1}\n{"b": 2}\n' >"$work/two"
printf '{"a": 1,}\n' >"$work/comma"
check "one JSON value is told from others" \
    bash -c "$(declare -f one_value)
        one_value '$work/good' && ! one_value '$work/two' && ! one_value '$work/comma'"

info_keys="cpu cores memory_bytes instruction_set supported_instruction_sets fp32_fma_peak_gflops read_bandwidth_gbps peaks"
printed info "$info_keys" info
check "the peaks are kept" grep -q fp32_fma "$XDG_CACHE_HOME"/swiftlet/probe-*.json
printed info-again "$info_keys peaks_file" info
equal "kept peaks are shown again" fp32_fma_peak_gflops "$work/info" "$work/info-again"
printed info-anew "$info_keys" info --measure
check "--measure does not read them" bash -c "! grep -q peaks_file '$work/info-anew'"
XDG_CACHE_HOME=/proc/nowhere printed info-unkept "$info_keys" info
SWIFTLET_ISA=portable printed info-portable "$info_keys" info
check "plain C has no VNNI" bash -c "! grep -qE 'VPDP|VFMADD|VDPBF16' '$work/info-portable'"
printed validate "training_rows held_out_rows steps learning_rate" validate "$job"
printed bench "tokens_per_second step_seconds peak_rss_bytes anonymous_peak_bytes compute achieved_gops peak_gops fraction_of_peak parts memory base_bytes" \
    bench step --shape tiny --micro-batch 1 --sequence 32 --compute fp32 --threads 1 --checkpointing on --steps 2
printed bench-generate \
    "name tokens_per_second bytes_per_token gigabytes_per_second peak_gigabytes_per_second fraction_of_peak" \
    bench generate --shape tiny --prompt 3 --tokens 4 --batch 2 --threads 1
printed bench-tokenize "name megabytes_per_second tokens_per_second" \
    bench tokenize --model "$tiny" --input "$rows" --runs 1

# A base store holds what the directory gives in the same format.
store=$work/tiny.base.h5
printed quantize "output hash parameters bytes" quantize "$tiny" -o "$store"
printed inspect-store "hash units" inspect "$store" --verify
printed inspect-model "name shape" inspect "$tiny"
printed inspect-safetensors "name shape" inspect "$tiny/model.safetensors"
printed eval-stored "loss perplexity tokens" eval "$tiny" --data "$rows"
printed eval-nf4 "loss perplexity tokens" eval "$tiny" --data "$rows" --quantization nf4
printed eval-store "loss perplexity tokens" eval "$store" --data "$rows"
equal "eval of the store and of the directory as nf4" loss "$work/eval-nf4" "$work/eval-store"
check "nf4 differs from the weights as stored" \
    test "$(number loss "$work/eval-nf4")" != "$(number loss "$work/eval-stored")"
on 3 eval "$store" --data "$rows" --json >"$work/eval-ranks" 2>"$work/eval-ranks.log" ||
    fail "eval on three ranks" "$work/eval-ranks.log"
equal "eval on one rank and on three" loss "$work/eval-store" "$work/eval-ranks"
check "under mpirun, too, stdout is one JSON value" one_value "$work/eval-ranks"
on 2 bench collectives --largest-bytes 4096 --json >"$work/bench-ranks" 2>"$work/bench-ranks.log" ||
    fail "bench collectives on two ranks" "$work/bench-ranks.log"
check "bench collectives prints one JSON value under mpirun" one_value "$work/bench-ranks"
check "bench collectives has four operations in two sizes, and a barrier" \
    test "$(grep -c '"fraction_of_raw"' "$work/bench-ranks")" -eq 9
refused "bench collectives without ranks" 64 "mpirun -n 2" 0 bench collectives

# Training, its checkpoint and its adapter.
short=(--set max_steps=3 --set eval_steps=2 --set save_steps=2 --set global_batch_size=4 --set val_set_size=6)
printed train "outcome step total_steps loss output_dir adapter checkpoint" \
    train "$job" "${short[@]}" --set output_dir="$work/directory"
if ! on 0 train "$job" "${short[@]}" --set base_model="$store" --set output_dir="$work/store" >"$work/store.log" 2>&1; then
    fail "train on the store" "$work/store.log"
fi
same "training on the store and on the directory" "$work/directory" "$work/store"
check "metrics.jsonl has a line a step" test "$(grep -c '"loss"' "$work/directory/metrics.jsonl")" -eq 3
for key in step loss grad_norm learning_rate tokens tokens_per_second step_seconds peak_rss_bytes anonymous_peak_bytes; do
    check "each step line has $key" test "$(grep '"loss"' "$work/directory/metrics.jsonl" | grep -c "\"$key\":")" -eq 3
done
check "evaluations have lines of their own" \
    test "$(grep -v '"loss"' "$work/directory/metrics.jsonl" | grep -c '"eval_loss":')" -ge 2
printed inspect-checkpoint "step parts tensors" inspect "$work/directory/checkpoints/step-00000003"
check "export of a checkpoint" "$swiftlet" export "$work/directory/checkpoints" --to peft -o "$work/exported"
check "the exported adapter is the trained one" \
    cmp "$work/exported/adapter_model.safetensors" "$work/directory/adapter/adapter_model.safetensors"
check "its description, too" cmp "$work/exported/adapter_config.json" "$work/directory/adapter/adapter_config.json"
printed eval-adapter "loss" eval "$store" --adapter "$work/exported" --data "$rows"
check "an adapter changes the loss" test "$(number loss "$work/eval-adapter")" != "$(number loss "$work/eval-store")"
check "h5dump reads the store" sh -c "h5dump -H '$store' | grep -q DATASET"
check "h5dump reads a checkpoint" \
    sh -c "h5dump '$work/directory/checkpoints/step-00000003/part-00000-of-00001.h5' | grep -q DATASET"

# The layout of bitsandbytes, and back.
check "export to bitsandbytes" "$swiftlet" export "$store" --to bitsandbytes -o "$work/bitsandbytes"
printed eval-bitsandbytes "loss" eval "$work/bitsandbytes" --data "$rows"
equal "eval of what was exported" loss "$work/eval-bitsandbytes" "$work/eval-store"

# Tokenising: the same order, ids with special tokens, text without.
printf '{"text": "carrots soup, serves 3."}\n\n{"text": ""}\n{"text": "two\\nlines"}\n' >"$work/texts.jsonl"
check "tokenize" "$swiftlet" tokenize --model "$tiny" --input "$work/texts.jsonl" --output "$work/ids.jsonl"
check "tokenize gives a line for each" test "$(grep -cE '^\{.*"ids":\[0' "$work/ids.jsonl")" -eq 3
check "tokenize decodes what it encoded" \
    test "$(sed -nE 's/.*"decoded":"(.*)".*/\1/p' "$work/ids.jsonl" | sed -E 's/",.*//' | head -n 1)" = "carrots soup, serves 3."

# Parity outputs: shapes by the headers, and the loss that eval gives for the same ids.
printf '{"input_ids": [[0, 5, 6, 7, 8, 9], [0, 9, 8, 7, 6, 5]]}\n' >"$work/tokens.json"
check "parity logits" "$swiftlet" parity logits --model "$tiny" --tokens "$work/tokens.json" --output "$work/logits.safetensors"
printed inspect-logits "shape" inspect "$work/logits.safetensors"
check "logits are [B, S, V]" sh -c "tr -d ' \n' <'$work/inspect-logits' | grep -q '\"shape\":\[2,6,512\]'"
check "parity gradients" "$swiftlet" parity gradients --model "$store" --adapter "$work/exported" \
    --tokens "$work/tokens.json" --output "$work/gradients.safetensors"
check "gradients carry PEFT's names" sh -c \
    "'$swiftlet' inspect '$work/gradients.safetensors' | grep -q 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'"
check "gradients carry the loss" sh -c "'$swiftlet' inspect '$work/gradients.safetensors' | grep -q '^loss '"

check "nothing was written beside the model" test -z "$(find "$tiny" -newer "$rows" -type f)"
