#!/usr/bin/env bash
# Training in int8 beside training in fp32: the same jobs with the same seeds, on three texts. The shipped task, on the
# base in NF4 and (plain) as it is stored, adapter: lora; the recipes for the tiny model; and this repository's source.
#
# TEXTS ("quickstart plain recipes source"), SEEDS ("42 43 44") and STEPS (300) may be set. Two runs go at once, on one
# thread each.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/../lib.bash"

read -ra texts <<<"${TEXTS:-quickstart plain recipes source}"
read -ra seeds <<<"${SEEDS:-42 43 44}"
steps=${STEPS:-300}

# Questions on recipes that were held out: what is mixed, and what is added.
sed -E 's/^\{"text": "(.*\(2\) Mix the)( [^ ]+ and the [^ ]+)( in .*\(3\) Add the)( [^.]+)\..*/\1|\2|\3|\4/' \
    "$root/Jobs/tiny/validation.jsonl" | awk -F '|' '
    { mixed[NR] = $2; added[NR] = $4; before[NR] = $1; between[NR] = $1 $2 $3 }
    function ask(prompt, answers, row, right,    number, other, seen) {
        seen = "|" answers[row] "|"
        other = row
        printf "{\"prompt\": \"%s\", \"answer\": %d, \"choices\": [", prompt, right
        for (number = 0; number < 4; number++) {
            if (number == right) {
                printf "%s\"%s\"", number ? ", " : "", answers[row]
                continue
            }
            do other = other % NR + 1
            while (index(seen, "|" answers[other] "|"))
            seen = seen answers[other] "|"
            printf "%s\"%s\"", number ? ", " : "", answers[other]
        }
        print "]}"
    }
    END {
        for (row = 1; row <= NR; row++) {
            ask(before[row], mixed, row, row % 4)
            ask(between[row], added, row, (row + 1) % 4)
        }
    }' >"$work/questions.jsonl"

# The source as rows of ten lines.
find "$root/Sources" -name '*.swift' | LC_ALL=C sort | xargs cat | sed -E 's/[\\"]/\\&/g; s/\t/\\t/g' | awk '
    { text = text $0 "\\n" }
    NR % 10 == 0 { printf "{\"text\": \"%s\"}\n", text; text = "" }' >"$work/source.jsonl"
cat >"$work/source.yaml" <<END
datasets: [{path: source.jsonl, type: text}]
sequence_len: 192
global_batch_size: 16
micro_batch_size: 8
learning_rate: 2e-3
warmup_steps: 10
END

# value KEY FILE: a number of the last line that has it.
value() { sed -nE "s/.*\"$1\" ?: ?(-?[0-9.eE+-]+).*/\1/p" "$2" | tail -n 1; }

# run TEXT SEED COMPUTE: trains, and asks the questions, if there are any, in the same compute.
run() {
    local text=$1 seed=$2 compute=$3 job=$root/Jobs/quickstart.yaml base=$root/Jobs/quickstart adapter=qlora heldout=512
    local out=$work/$text-$seed-$compute questions=() quantization=(--quantization nf4)
    case $text in
        quickstart) questions=("$base/validation.jsonl" --task exact-match) ;;
        plain)
            questions=("$base/validation.jsonl" --task exact-match)
            adapter=lora quantization=()
            ;;
        recipes)
            job=$root/Jobs/tiny.yaml base=$root/Jobs/tiny heldout=60
            questions=("$work/questions.jsonl" --task multiple-choice)
            ;;
        source) job=$work/source.yaml ;;
    esac
    "$swiftlet" train "$job" --set base_model="$base" --set adapter="$adapter" --set seed="$seed" \
        --set compute="$compute" --set max_steps="$steps" --set eval_steps="$steps" --set val_set_size="$heldout" \
        --set save_steps=0 --set threads=1 --set output_dir="$out" >"$out.log" 2>&1 || return
    if [ ${#questions[@]} -eq 0 ]; then return; fi
    "$swiftlet" eval "$base" "${quantization[@]}" --adapter "$out/adapter" --data "${questions[@]}" \
        --compute "$compute" --threads 1 --json >"$out.json" 2>>"$out.log"
}

# within TEXT SEED: the loss is within 0.3 % or 0.003 nats, whichever is larger.
within() {
    awk -v exact="$(value eval_loss "$work/$1-$2-fp32/metrics.jsonl")" \
        -v fast="$(value eval_loss "$work/$1-$2-int8/metrics.jsonl")" 'BEGIN {
            bound = 0.003 * exact > 0.003 ? 0.003 * exact : 0.003
            exit !(exact > 0 && fast > 0 && fast - exact <= bound && exact - fast <= bound)
        }'
}

# accurate TEXT: on the mean over the seeds, no fewer answers are right than fp32 gets with some seed.
accurate() {
    local seed compute
    for seed in "${seeds[@]}"; do
        for compute in fp32 int8; do
            printf '%s %s\n' "$compute" "$(value accuracy "$work/$1-$seed-$compute.json")"
        done
    done | awk '
        $1 == "int8" { sum += $2; count++ }
        $1 == "fp32" && (!low || $2 < low) { low = $2 }
        END { exit !(low > 0 && sum / count >= low) }'
}

# right TEXT SEED COMPUTE: the share of right answers in percent; a dash where nothing was asked.
right() {
    local file=$work/$1-$2-$3.json
    if [ -f "$file" ]; then value accuracy "$file" | awk '{ printf "%.1f", 100 * $1 }'; else printf -- '-'; fi
}

printf '%-11s %5s %10s %10s %10s %8s %10s %6s\n' text seed 'loss fp32' int8 nats '%' 'right fp32' int8
for text in "${texts[@]}"; do
    for seed in "${seeds[@]}"; do
        run "$text" "$seed" fp32 &
        run "$text" "$seed" int8 || fail "$text, seed $seed, int8 runs" "$work/$text-$seed-int8.log"
        wait $! || fail "$text, seed $seed, fp32 runs" "$work/$text-$seed-fp32.log"
        losses=()
        for compute in fp32 int8; do losses+=("$(value eval_loss "$work/$text-$seed-$compute/metrics.jsonl")"); done
        awk -v text="$text" -v seed="$seed" -v a="${losses[0]}" -v b="${losses[1]}" \
            -v c="$(right "$text" "$seed" fp32)" -v d="$(right "$text" "$seed" int8)" 'BEGIN {
                printf "%-11s %5d %10.5f %10.5f %+10.5f %+8.3f %10s %6s\n",
                    text, seed, a, b, b - a, 100 * (b / a - 1), c, d
            }'
        check "$text, seed $seed: the loss of int8 is that of fp32" within "$text" "$seed"
    done
    if [ "$text" != source ]; then check "$text: int8 is right as often as fp32" accurate "$text"; fi
done
