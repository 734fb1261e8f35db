#!/usr/bin/env bash
# Launch/quickstart as a new user runs it, in an empty folder: in time, from hardly any right answer to nearly all.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

# The folder is what the user has; what mpirun thinks of root is for the script to settle.
unset OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
mkdir "$work/empty"
cd "$work/empty"

# share FILE KEY: in tenths of a percent.
share() { sed -nE "s/.*\"$2\" ?: ?([0-9.eE+-]+).*/\1/p" "$1" | awk '{ printf "%d", 1000 * $1 }'; }

code=0
"$root/Launch/quickstart" --ranks 0 >"$work/ranks.log" 2>&1 || code=$?
check "no ranks are refused" test "$code" -eq 64 -a ! -e out
check "help says what it does" grep -q -- '--fresh' <("$root/Launch/quickstart" --help)

if [ "$(id -u)" -eq 0 ]; then
    code=0
    "$root/Launch/mpirun" "$root/Jobs/tiny.yaml" >"$work/root.log" 2>&1 || code=$?
    check "mpirun's mind about root is told in a line" test "$code" -eq 69 -a "$(wc -l <"$work/root.log")" -eq 1
fi
if ! "$root/Launch/quickstart" >"$work/first.log" 2>&1; then
    fail "the quickstart runs" "$work/first.log"
    exit 1
fi
pass "the quickstart runs"
# On a busy machine the clock says nothing: two cores have three minutes, and twice as long without AVX-512.
limit=360
SWIFTLET_ISA=avx512 "$swiftlet" info >/dev/null 2>&1 || limit=720
times >"$work/times"
spent=$(sed -nE '2s/([0-9]+)m([0-9]+)[^ ]* ([0-9]+)m([0-9]+).*/60*(\1+\3)+\2+\4/p' "$work/times")
spent=$((spent))
check "it costs $spent s of CPU time on two ranks, less than $limit" test "$spent" -gt 0 -a "$spent" -lt "$limit"
before=$(share out/quickstart/before.json accuracy)
after=$(share out/quickstart/after.json accuracy)
check "before, $before of 1,000 answers are right: fewer than 200" test "$before" -lt 200
commonest=$(share out/quickstart/before.json commonest_answer_share)
check "always the commonest answer, $commonest would be: fewer than 200" test "$commonest" -lt 200
check "after, $after of 1,000 answers are right: more than 900" test "$after" -gt 900
check "it shows answers before and after" test "$(grep -cE '^   (before|after) ' "$work/first.log")" -eq 6
mapfile -t paths < <(sed -nE 's/^ (adapter|checkpoints|metrics) +([^ ]+).*/\2/p' "$work/first.log")
check "it names three places" test ${#paths[@]} -eq 3
for path in "${paths[@]}"; do
    check "what it names is there: $path" test -e "$path"
done
check "a plain log has no control characters" test -z "$(LC_ALL=C tr -d '[:print:][:space:]' <"$work/first.log")"

cp -r out/quickstart "$work/kept"
check "it runs again" "$root/Launch/quickstart"
same "run again, it changes nothing" "$work/kept" out/quickstart
# A run that takes steps says the loss of the last one.
check "and trains nothing" grep -qE '^done: [0-9,]+ steps in [^,]*$' out/quickstart/log/train
