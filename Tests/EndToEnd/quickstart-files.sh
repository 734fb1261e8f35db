#!/usr/bin/env bash
# What lies in Jobs/quickstart is what its generator makes, and the task is a fair one.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

quickstart=$root/Jobs/quickstart
swiftc -O -swift-version 6 -warnings-as-errors "$quickstart"/make/*.swift -o "$work/make"
mkdir "$work/made"
"$work/make" "$work/made"

for file in tokenizer.json train.jsonl validation.jsonl; do
    check "the generator makes $file byte for byte" cmp "$work/made/$file" "$quickstart/$file"
done

# field NAME FILE: that field of each row; no text of the task has a quotation mark in it.
field() { sed -E 's/.*"'"$1"'": "([^"]*)".*/\1/' "$2"; }

# none_shared A B: no line of the one is a line of the other.
none_shared() { [ -s "$1" ] && [ -s "$2" ] && [ -z "$(comm -12 <(sort -u "$1") <(sort -u "$2"))" ]; }

for file in train validation; do
    field prompt "$quickstart/$file.jsonl" >"$work/$file.prompts"
    field completion "$quickstart/$file.jsonl" >"$work/$file.answers"
    # A record is: wish, guest, service, day, time.
    cut -d ',' -f 2 "$work/$file.answers" >"$work/$file.guests"
done
check "no held-out question occurs in training" none_shared "$work/train.prompts" "$work/validation.prompts"
check "no held-out answer occurs in training" none_shared "$work/train.answers" "$work/validation.answers"
check "nobody held out is anybody's guest in training" none_shared "$work/train.guests" "$work/validation.guests"

# commonest_below PERCENT FILE: the commonest line is less than that share of all lines.
commonest_below() {
    local commonest all
    commonest=$(sort "$2" | uniq -c | sort -rn | awk 'NR == 1 { print $1 }')
    all=$(wc -l <"$2")
    [ "$all" -ge 100 ] && [ $((commonest * 100)) -lt $(($1 * all)) ]
}
check "the commonest answer is right for fewer than 5 in 100" commonest_below 5 "$work/validation.answers"
check "what the base learns has nothing of the task's form" \
    bash -c '[ -s "$1" ] && ! grep -qE "Message:|Record:" "$1"' bash "$work/made/base.jsonl"

# The size that fits a repository.
check "the folder is below 10 MB, no file above 9 MB" bash -c '
    total=0
    while read -r file; do
        size=$(stat -c %s "$file")
        [ "$size" -le 9000000 ] || exit 1
        total=$((total + size))
    done < <(find "$1" -type f ! -name base.jsonl)
    [ "$total" -gt 0 ] && [ "$total" -lt 10000000 ]' bash "$quickstart"

# The tokenizer that make/ trains gives every text back, in far fewer ids than letters.
head -n 500 "$work/made/base.jsonl" >"$work/texts.jsonl"
"$swiftlet" tokenize --model "$quickstart" --input "$work/texts.jsonl" --output "$work/ids.jsonl"
sed -E 's/^\{"text": (.*)\}$/\1/' "$work/texts.jsonl" >"$work/texts"
sed -E 's/.*"decoded":("([^"\\]|\\.)*").*/\1/' "$work/ids.jsonl" >"$work/decoded"
check "the tokenizer gives every text back" cmp "$work/texts" "$work/decoded"
check "a token is more than three letters long" awk '
    FNR == NR { letters += length($0); next }
    { ids += gsub(/[0-9],/, "&") + 1 }
    END { exit !(ids > 0 && letters > 3 * ids) }' "$work/texts" <(sed -E 's/.*"ids":\[([0-9,]*)\].*/\1/' "$work/ids.jsonl")
