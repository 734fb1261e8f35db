#!/usr/bin/env bash
# Generating text and marking answers: the same text by every way to it, resumed after any crash, bad input refused.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

tiny=$root/Jobs/tiny
prompt="RECIPE: onions soup, serves"

# text FILE: the text of a result in JSON, as it is spelled there.
text() { sed -nE 's/^ *"text" : (".*"),?$/\1/p' "$1"; }

# refused NAME CODE PATTERN RANKS ARGUMENTS...: the exit code, and one error line that matches.
refused() {
    local name=$1 code=$2 pattern=$3 ranks=$4 found=0
    shift 4
    on "$ranks" "$@" >"$work/refused.log" 2>&1 || found=$?
    if [ "$found" -ne "$code" ]; then
        fail "$name: exit code $found, not $code" "$work/refused.log"
    elif [ "$(grep -c 'error:' "$work/refused.log")" -ne 1 ] || ! grep -qE "error:.*$pattern" "$work/refused.log"; then
        fail "$name: not one line with '$pattern'" "$work/refused.log"
    else
        pass "$name"
    fi
}

# One prompt: streamed text, JSON, threads, ranks, a file.
generate=(generate "$tiny" --max-new-tokens 60)
"$swiftlet" "${generate[@]}" --prompt "$prompt" >"$work/plain" 2>"$work/plain.log" || fail "generate" "$work/plain.log"
check "text streams to stdout" test -s "$work/plain"
check "figures go to stderr" grep -q "tokens/s" "$work/plain.log"
"$swiftlet" "${generate[@]}" --prompt "$prompt" --json >"$work/json" 2>"$work/json.log" || fail "--json" "$work/json.log"
for key in prompt prompt_ids text ids stop tokens tokens_per_second; do
    check "--json has $key" grep -q "\"$key\" :" "$work/json"
done
check "--json says what was streamed" test "$(text "$work/json")" = "\"$(cat "$work/plain")\""
for ranks in 1 3; do
    on "$ranks" "${generate[@]}" --prompt "$prompt" --threads 3 >"$work/ranks" 2>/dev/null || true
    check "the text is the same on $ranks ranks" cmp "$work/plain" "$work/ranks"
done
SWIFTLET_ISA=portable "$swiftlet" "${generate[@]}" --prompt "$prompt" >"$work/portable" 2>/dev/null || true
check "the text is the same with other instructions" cmp "$work/plain" "$work/portable"
printf '%s\n' "$prompt" >"$work/prompt"
"$swiftlet" "${generate[@]}" --prompt-file "$work/prompt" >"$work/filed" 2>/dev/null || true
check "a prompt file says the same as a prompt" cmp "$work/plain" "$work/filed"

# Drawn texts follow from the seed.
drawn() { "$swiftlet" "${generate[@]}" --prompt "$prompt" --temperature 1 --top-p 0.95 --seed "$1" 2>/dev/null; }
check "a drawn text can be drawn again" test "$(drawn 1)" = "$(drawn 1)"
check "another seed draws another text" test "$(drawn 1)" != "$(drawn 2)"

# A file of prompts.
sed -nE 's/^\{"text": "(.{8,40} )[^ ]* .*/{"prompt": "\1"}/p' "$tiny/train.jsonl" "$tiny/validation.jsonl" >"$work/prompts.jsonl"
rows=$(wc -l <"$work/prompts.jsonl")
check "there are prompts" test "$rows" -gt 200
file=(generate "$tiny" --input "$work/prompts.jsonl" --max-new-tokens 80 --temperature 1.2 --threads 1)
on 1 "${file[@]}" --output "$work/one.jsonl" >"$work/one.log" 2>&1 || fail "generate a file" "$work/one.log"
check "every prompt has its line" test "$(wc -l <"$work/one.jsonl")" -eq "$rows"
on 3 "${file[@]}" --output "$work/three.jsonl" --batch-size 5 >"$work/three.log" 2>&1 || fail "on three ranks" "$work/three.log"
check "one rank and three write the same bytes" cmp "$work/one.jsonl" "$work/three.jsonl"

# killed NAME RANKS PATTERN: starts a run, kills it with -9 once it has written some lines, and finishes it.
killed() {
    local output=$work/$1.jsonl lines pid victim
    if [ "$2" -eq 0 ]; then
        "$swiftlet" "${file[@]}" --batch-size 1 --output "$output" >/dev/null 2>&1 &
        pid=$! victim=$!
    else
        "${launcher[@]}" -n "$2" "$swiftlet" "${file[@]}" --batch-size 1 --output "$output" \
            >/dev/null 2>&1 &
        pid=$!
    fi
    while kill -0 "$pid" 2>/dev/null; do
        [ -f "$output" ] && [ "$(wc -l <"$output")" -ge 8 ] && break
        sleep 0.02
    done
    if [ "$2" -ne 0 ]; then victim=$(pgrep -P "$pid" | tail -n 1); fi
    kill -9 "$victim" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    lines=$(wc -l <"$output")
    check "$1: killed at work, with $lines of $rows lines" test "$lines" -ge 8 -a "$lines" -lt "$rows"
    on "$3" "${file[@]}" --output "$output" >"$work/$1.log" 2>&1 || fail "$1: goes on" "$work/$1.log"
    check "$1: goes on behind what is there" grep -q "goes on behind" "$work/$1.log"
    check "$1: the same bytes in the end" cmp "$work/one.jsonl" "$output"
}
killed alone 0 2
killed ranks 2 1
truncate -s -37 "$work/three.jsonl"
on 0 "${file[@]}" --output "$work/three.jsonl" >/dev/null 2>&1 || true
check "a torn line is made anew" cmp "$work/one.jsonl" "$work/three.jsonl"

# Settings are not mixed, and bad input is refused before anything is generated.
refused "another seed for the same file" 64 "three.jsonl: line 1: was made" 2 "${file[@]}" --output "$work/three.jsonl" --seed 7
check "and the file is as it was" cmp "$work/one.jsonl" "$work/three.jsonl"
refused "an output of something else" 64 "line 1: is no line" 0 "${file[@]}" --output "$work/prompts.jsonl"
refused "an output that cannot be written" 74 "nowhere" 2 "${file[@]}" --output "$work/nowhere/x.jsonl"
{
    head -n 3 "$work/prompts.jsonl"
    printf '{"prompt": "%s"}\n' "$(printf 'onions %.0s' $(seq 400))"
} >"$work/long.jsonl"
refused "a prompt longer than the context" 65 "long.jsonl: line 4: the prompt has [0-9]+ tokens.*512.*shorten" 2 \
    generate "$tiny" --input "$work/long.jsonl" --output "$work/long.out"
check "before anything is written" test ! -s "$work/long.out"
refused "a prompt longer than --context" 65 "context of 4; .*raise --context" 0 generate "$tiny" --prompt "$prompt" --context 4
refused "a context longer than the model's" 64 "made for 512" 0 generate "$tiny" --prompt a --context 513
refused "a temperature below zero" 64 "temperature must be" 2 generate "$tiny" --prompt a --temperature -1
refused "a top-p out of range" 64 "top-p must be" 0 generate "$tiny" --prompt a --top-p 1.01
refused "no prompt" 64 "one of --prompt" 0 generate "$tiny"
refused "two prompts" 64 "one of --prompt" 0 generate "$tiny" --prompt a --input "$work/prompts.jsonl" --output "$work/x"
refused "an input without an output" 64 "go together" 0 generate "$tiny" --input "$work/prompts.jsonl"
printf '{"prompt": "a"}\n{"prompt": 7}\n' >"$work/bad.jsonl"
refused "a row without a prompt" 65 "bad.jsonl: line 2" 2 generate "$tiny" --input "$work/bad.jsonl" --output "$work/x"
cp -r "$tiny" "$work/mute"
rm "$work/mute/tokenizer.json"
refused "a model without a tokenizer" 65 "mute: has no tokenizer" 2 generate "$work/mute" --prompt a
refused "a model without a tokenizer, and texts" 65 "prompts.jsonl: line 1: .*tokenizer" 0 \
    generate "$work/mute" --input "$work/prompts.jsonl" --output "$work/x"
printf '{"input_ids": [0, 5, 6, 7]}\n' >"$work/ids.jsonl"
check "ids need no tokenizer" "$swiftlet" generate "$work/mute" --input "$work/ids.jsonl" --output "$work/ids.out" --max-new-tokens 5
check "and give ids" grep -qE '^\{"ids":\[[0-9,]+\],"key":"[0-9a-f]+","row":0,"stop":"[a-z_]+"\}$' "$work/ids.out"

# An adapter is generated with, and one for another model is refused.
"$swiftlet" train "$root/Jobs/tiny.yaml" --set max_steps=4 --set global_batch_size=8 --set learning_rate=0.02 \
    --set eval_steps=0 --set output_dir="$work/out" >"$work/train.log" 2>&1 || fail "train" "$work/train.log"
"$swiftlet" "${generate[@]}" --adapter "$work/out/adapter" --prompt "$prompt" >"$work/adapted" 2>"$work/adapted.log" ||
    fail "generate with an adapter" "$work/adapted.log"
check "an adapter changes the text" test "$(cat "$work/adapted")" != "$(cat "$work/plain")"
on 2 "${file[@]}" --adapter "$work/out/adapter" --output "$work/adapted-2.jsonl" >/dev/null 2>&1 || true
on 0 "${file[@]}" --adapter "$work/out/adapter" --output "$work/adapted-0.jsonl" >/dev/null 2>&1 || true
check "with an adapter, too, ranks write the same bytes" cmp "$work/adapted-0.jsonl" "$work/adapted-2.jsonl"
refused "another adapter for the same file" 64 "was made" 0 "${file[@]}" --output "$work/adapted-0.jsonl"
sed 's/"r": 16/"r": 8/' -i "$work/out/adapter/adapter_config.json"
refused "an adapter that does not fit" 65 "adapter" 2 generate "$tiny" --adapter "$work/out/adapter" --prompt a

# Marking answers. The model's own continuations are the answers that are asked for, but for every fifth.
head -n 60 "$work/prompts.jsonl" >"$work/greedy.in"
"$swiftlet" generate "$tiny" --input "$work/greedy.in" --max-new-tokens 30 --output "$work/greedy.jsonl" 2>/dev/null || true
sed -nE 's/^\{.*"prompt":("([^"\\]|\\.)*").*"text":("([^"\\]|\\.)+")\}$/{"prompt": \1, "completion": \3}/p' "$work/greedy.jsonl" |
    awk 'NR % 5 == 0 { sub(/"completion": "/, "&not ") } { print }' >"$work/questions.jsonl"
match=(eval "$tiny" --task exact-match --data "$work/questions.jsonl" --max-new-tokens 30)
on 0 "${match[@]}" --json --output "$work/answers-0.jsonl" >"$work/match" 2>"$work/match.log" || fail "exact match" "$work/match.log"
for key in accuracy correct total commonest_answer_share; do
    check "exact-match --json has $key" grep -q "\"$key\" :" "$work/match"
done
on 3 "${match[@]}" --output "$work/answers-3.jsonl" --batch-size 2 >"$work/match-3" 2>&1 || fail "exact match on ranks" "$work/match-3"
check "three ranks give the same answers" cmp "$work/answers-0.jsonl" "$work/answers-3.jsonl"
check "answers of the model's own are right" test "$(grep -c '"correct":true' "$work/answers-0.jsonl")" -ge 20
check "other answers are wrong" test "$(grep '"expected":"not ' "$work/answers-0.jsonl" | grep -c '"correct":false')" -ge 5
check "every question has its answer" test "$(wc -l <"$work/answers-0.jsonl")" -eq "$(wc -l <"$work/questions.jsonl")"
on 0 "${match[@]}" --limit 3 --json >"$work/limited" 2>&1 || true
check "--limit takes the first questions" grep -q '"total" : 3' "$work/limited"
refused "rows without an answer" 65 "row 1: has no prompt" 2 eval "$tiny" --task exact-match --data "$tiny/validation.jsonl"
refused "an --output of a perplexity" 64 "goes with" 0 eval "$tiny" --data "$tiny/validation.jsonl" --output "$work/x"

cat >"$work/choices.jsonl" <<'ROWS'
{"prompt": "RECIPE: onions soup, serves 7. Ingredients: 450 g", "choices": [" onions;", " zzqx;"], "answer": 0}
{"prompt": "Method: (1) Chop the onions. (2) Mix the", "choices": [" qqq", " onions"], "answer": " onions"}
{"prompt": "Method: (1) Chop the", "choices": [" onions", " xjx", " qzq"], "answer": "B"}
ROWS
choice=(eval "$tiny" --task multiple-choice --data "$work/choices.jsonl")
on 0 "${choice[@]}" --json --output "$work/choices-0.jsonl" >"$work/choice" 2>"$work/choice.log" || fail "multiple choice" "$work/choice.log"
for key in accuracy accuracy_norm correct total loss commonest_answer_share; do
    check "multiple-choice --json has $key" grep -q "\"$key\" :" "$work/choice"
done
check "two of three are right" grep -q '"correct" : 2' "$work/choice"
on 2 "${choice[@]}" --output "$work/choices-2.jsonl" >/dev/null 2>&1 || true
check "two ranks weigh the same" cmp "$work/choices-0.jsonl" "$work/choices-2.jsonl"
printf '{"prompt": "a", "choices": ["b"], "answer": 0}\n' >"$work/one-choice.jsonl"
refused "a question with one choice" 65 "one-choice.jsonl: line 1" 2 eval "$tiny" --task multiple-choice --data "$work/one-choice.jsonl"

# Conversations: the last answer is asked for, whether the row has it or not.
cat >"$work/chat.jsonl" <<'ROWS'
{"messages": [{"role": "user", "content": "Soup?"}, {"role": "assistant", "content": "Onions."}]}
{"messages": [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "Oats."}, {"role": "user", "content": "More?"}, {"role": "assistant", "content": "No."}]}
ROWS
on 0 eval "$tiny" --task exact-match --data "$work/chat.jsonl" --chat-template chatml --output "$work/chat.out" >/dev/null 2>&1 || true
check "a conversation's last answer is expected" \
    test "$(sed -nE 's/.*"expected":"([^"]*)".*/\1/p' "$work/chat.out" | tr '\n' ' ')" = "Onions. No. "
check "what stands before it is the prompt" grep -q 'More?<|im_end|>\\n<|im_start|>assistant\\n"' "$work/chat.out"
on 2 generate "$tiny" --input "$work/chat.jsonl" --chat-template chatml --output "$work/chat.text" >/dev/null 2>&1 || true
check "generate gives the same prompts" cmp <(sed -E 's/.*"prompt":("([^"\\]|\\.)*").*/\1/' "$work/chat.out") \
    <(sed -E 's/.*"prompt":("([^"\\]|\\.)*").*/\1/' "$work/chat.text")
refused "a conversation without a layout" 65 "chat.jsonl: line 1: .*chat-template" 0 \
    generate "$tiny" --input "$work/chat.jsonl" --output "$work/x"

check "nothing was written beside the model" test -z "$(find "$tiny" -newer "$work/plain" -type f)"
