#!/usr/bin/env bash
# Rows of every kind: what `data check` says of them, what training makes of them, and what is said of wrong ones.
set -uo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
cd "$work" || exit 1

model=$root/Jobs/tiny

cat >sharegpt.json <<'JSON'
[
  {
    "conversations": [
      {"from": "human", "value": "What is it like outside?"},
      {"from": "function_call", "value": "{\"name\": \"look\", \"arguments\": {\"where\": \"out\"}}"},
      {"from": "observation", "value": "rain"},
      {"from": "gpt", "value": "It rains."}
    ],
    "tools": "[{\"name\": \"look\", \"description\": \"Look out.\"}]"
  },
  {
    "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}],
    "system": "Be kind.", "tools": "[]"
  }
]
JSON
cat >alpaca.jsonl <<'JSON'
{"instruction": "Add the numbers.", "input": "1 2", "output": "three"}
{"instruction": "Say hello.", "output": "hello"}
JSON
cat >messages.jsonl <<'JSON'
{"messages": [{"role": "user", "content": [{"type": "text", "value": "hi"}], "loss_weight": 0.0}, {"role": "assistant", "content": [{"type": "text", "value": "hello you"}], "loss_weight": 1.0}]}
{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no", "weight": 0}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]}
JSON
printf '{"text": "one two three"}\n{"text": "four"}\n' >text.jsonl

# says NAME FILE LINE...: the report on the file holds every line (a fixed text).
says() {
    local name=$1 file=$2 line
    shift 2
    if ! "$swiftlet" data check "$file" --no-color >report.txt 2>report.err; then
        fail "$name: exit code" report.err
        return
    fi
    for line in "$@"; do
        if ! grep -qF -- "$line" report.txt; then
            fail "$name: no line '$line'" report.txt
            return
        fi
    done
    pass "$name"
}

says "sharegpt with tools" sharegpt.json "2 rows: 2 sharegpt" "1 system, 2 user, 3 assistant, 1 observation" \
    "1 in 1 row, called 1 time" "faults    none" '⟦<tool_call>' '{"name": "look", "arguments": {"where": "out"}}' \
    '</tool_call><|im_end|>⟧' '⟦It rains.<|im_end|>⟧' "line 2:" "line 11:"
says "alpaca" alpaca.jsonl "2 rows: 2 alpaca" "2 user, 2 assistant" '⟦three<|im_end|>⟧' "1 2<|im_end|>"
says "messages with weights" messages.jsonl "2 rows: 2 chat_template" "weights   1 turn or part is learned, 2 are not" \
    '⟦hello you<|im_end|>⟧' 'no<|im_end|>' '⟦yes<|im_end|>⟧'
says "texts" text.jsonl "2 rows: 2 text" "min 4, median 4, p95 13, max 13 characters" "100.0 %" "⟦one two three⟧"

"$swiftlet" data check alpaca.jsonl --model "$model" --chat-template llama3 --sequence-len 1024 --json >report.json \
    2>report.err
missing=""
for field in '"rows" : 2' '"unit" : "tokens"' '"chat_template" : "llama3"' '"fault_count" : 0' '"alpaca" : 2' \
    '"sequence_len" : 1024' '"text" : "three<|eot_id|>"'; do
    grep -qF -- "$field" report.json || missing=$field
done
if [ -z "$missing" ] && [ ! -s report.err ]; then
    pass "the report as JSON"
else
    fail "the report as JSON: no $missing" report.json
fi

if "$swiftlet" data check text.jsonl --color | grep -q $'\033\[32mone two three\033\[0m'; then
    pass "colour on request"
else
    fail "colour on request"
fi

# Wrong rows: all of them, each with its line.
cat >bad.jsonl <<'JSON'
{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
{"messages": [{"role": "user", "content": "q"}]}
{"messages": [{"role": "boss", "content": "q"}, {"role": "assistant", "content": "a"}]}

{"messages": [{"role": "tool", "content": "r"}, {"role": "assistant", "content": "a"}]}
{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": "[{"}
{"messages": [{"role": "user", "content": "q", "loss_weight": 0.5}, {"role": "assistant", "content": "a"}]}
{"messages": [
JSON
"$swiftlet" data check bad.jsonl --rows 0 >report.txt 2>report.err
code=$?
expected="7 rows"
for line in "line 2: has no assistant turn" "line 3: messages[0] has the unknown role boss" \
    "line 5: has an observation with no function call" "line 6: tools is not JSON" \
    "line 7: messages[0].loss_weight is 0.5" "line 8: is no valid JSON"; do
    grep -qF "bad.jsonl: $line" report.txt || expected="line: $line"
done
if [ "$code" -eq 65 ] && grep -qF "$expected" report.txt && [ "$(wc -l <report.err)" -eq 1 ] &&
    grep -qF "bad.jsonl: 6 of 7 rows are wrong" report.err; then
    pass "every fault is listed, exit 65"
else
    fail "every fault is listed, exit 65 (got $code, wanted '$expected')" report.txt
fi

# job TYPE FILE MORE...: a job on a file.
job() {
    local type=$1 file=$2
    shift 2
    printf 'base_model: %s\ndatasets: [{path: %s, type: %s}]\nval_set_size: 0\nglobal_batch_size: 2\nmax_steps: 2\n' \
        "$model" "$file" "$type"
    printf 'output_dir: %s/out-%s\n' "$work" "$type"
    [ $# -eq 0 ] || printf '%s\n' "$@"
}

# refused NAME CODE TEXT ARGUMENTS...: one line with the text, and the exit code.
refused() {
    local name=$1 code=$2 text=$3 found
    shift 3
    "$swiftlet" "$@" >refused.out 2>refused.err
    found=$?
    if [ "$found" -eq "$code" ] && [ "$(grep -c 'error:' refused.err)" -eq 1 ] && grep -qF -- "$text" refused.err; then
        pass "$name"
    else
        fail "$name (exit $found)" refused.err
    fi
}

job sharegpt sharegpt.json >no-template.yaml
refused "conversations without a template" 64 "add chat_template: chatml or llama3" validate no-template.yaml
job sharegpt bad.jsonl "chat_template: chatml" >bad.yaml
refused "a wrong row stops a job" 65 "bad.jsonl: line 2: has no assistant turn" validate bad.yaml
refused "a wrong row stops training" 65 "bad.jsonl: line 2: has no assistant turn" train bad.yaml
job alpaca alpaca.jsonl "chat_template: vicuna" >unknown.yaml
refused "an unknown template" 64 "chat_template must be null | chatml | llama3, found vicuna" validate unknown.yaml
refused "a length without a model" 64 "--sequence-len counts tokens" data check text.jsonl --sequence-len 8
refused "a type that is none" 64 "" data check text.jsonl --type vicuna
refused "a file that is not there" 65 "none.jsonl: cannot be opened" data check none.jsonl

for type in sharegpt alpaca chat_template; do
    case $type in
    sharegpt) file=sharegpt.json ;;
    alpaca) file=alpaca.jsonl ;;
    *) file=messages.jsonl ;;
    esac
    job $type $file "chat_template: chatml" "sequence_len: 1024" >$type.yaml
    check "training on $type" "$swiftlet" train $type.yaml
done

check "training on sharegpt, two ranks" on 2 train sharegpt.yaml --set output_dir="$work/out-two"
same "sharegpt on one rank and on two" "$work/out-sharegpt" "$work/out-two"

# Rows that are too long: cut, left out, or with nothing left, each said once.
printf '{"instruction": "%s", "output": "yes"}\n' "$(printf 'long %.0s' {1..60})" >long.jsonl
cat alpaca.jsonl >>long.jsonl
job alpaca long.jsonl "chat_template: chatml" "sequence_len: 80" >long.yaml
"$swiftlet" validate long.yaml >long.out 2>long.err
check "a row cut behind its prompt is left out and counted" \
    grep -qF "1 of 3 rows were left out: all that is learned in them lies behind sequence_len 80" long.err
"$swiftlet" validate long.yaml --set excess_length_strategy=drop >long.out 2>long.err
check "long rows are left out on request" grep -qF "1 of 3 rows were left out: they are longer than sequence_len 80" long.err
job text text.jsonl "chat_template: chatml" >idle.yaml
"$swiftlet" validate idle.yaml >idle.out 2>idle.err
check "a template without conversations is said" grep -qF "chat_template has no effect" idle.err
