# shellcheck shell=bash
# Helpers of the end-to-end tests; each script sources this file, which does nothing alone.
#
# A script runs from a fresh clone with nothing but a built swiftlet: $SWIFTLET, or .build/release/swiftlet. It works in
# a directory of its own, $work, which is removed at its end, and its last line is `N passed, N failed`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
swiftlet=$(realpath "${SWIFTLET:-.build/release/swiftlet}")
tiny=$root/Jobs/tiny
work=$(mktemp -d "${TMPDIR:-/tmp}/swiftlet-test.XXXXXX")
passed=0
failed=0
mounts=()

# Only the tests' own small jobs run as root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset SWIFTLET_ISA

# shellcheck disable=SC2329  # called by the trap
finish() {
    local code=$? mount
    pkill -KILL -f "$work/" 2>/dev/null || true
    for mount in "${mounts[@]}"; do umount -l "$mount" || true; done
    if [ "$code" -ne 0 ]; then printf 'the script ended early (exit %d)\n' "$code"; fi
    if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then code=1; fi
    rm -rf "$work"
    printf '%d passed, %d failed\n' "$passed" "$failed"
    exit "$code"
}
trap finish EXIT

pass() { passed=$((passed + 1)); }

# fail MESSAGE [FILE...]: counts a failure and shows the ends of the files that explain it.
fail() {
    local file
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$1"
    shift
    for file in "$@"; do
        printf -- '-- %s\n' "$file"
        if [ -e "$file" ]; then tail -n 15 "$file"; else printf '(not there)\n'; fi
    done
}

skip() { printf 'skipped: %s\n' "$*"; }

# check NAME COMMAND...: passes where the command does.
check() {
    local name=$1 log=$work/check.log
    shift
    if "$@" >"$log" 2>&1; then pass; else fail "$name: $*" "$log"; fi
}

# on RANKS COMMAND...: runs a command on ranks of this host.
on() {
    local ranks=$1
    shift
    mpirun --quiet --oversubscribe --bind-to none -n "$ranks" "$@"
}

# metrics FILE: the lines without what differs from run to run: time and memory.
metrics() {
    sed -E 's/, "(tokens_per_second|step_seconds|eval_seconds|peak_rss_bytes|anonymous_peak_bytes)": [^,}]*//g' "$1"
}

# same_bits NAME WANTED GOT [LOG]: both output directories hold the same metrics and the same adapter.
same_bits() {
    local name=$1 wanted=$2 got=$3 log=${4:-}
    if [ ! -f "$got/metrics.jsonl" ] || [ ! -f "$got/adapter/adapter_model.safetensors" ]; then
        fail "$name: no metrics or no adapter" ${log:+"$log"}
        return
    fi
    metrics "$wanted/metrics.jsonl" >"$work/wanted.metrics"
    metrics "$got/metrics.jsonl" >"$work/got.metrics"
    if ! diff "$work/wanted.metrics" "$work/got.metrics" >"$work/diff.log"; then
        fail "$name: other metrics" "$work/diff.log" ${log:+"$log"}
    elif ! cmp -s "$wanted/adapter/adapter_model.safetensors" "$got/adapter/adapter_model.safetensors"; then
        fail "$name: another adapter" ${log:+"$log"}
    else
        pass
    fi
}

# is_json FILE: the file is one JSON value and nothing else. A small reader by regular expressions: strings become S,
# numbers and words become V, then the innermost objects and lists fold until one value is left.
is_json() {
    local text before=""
    text=$(tr '\n' ' ' <"$1" | sed -E 's/"([^"\\]|\\.)*"/S/g; s/(-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)/V/g; s/ +//g')
    while [ "$text" != "$before" ]; do
        before=$text
        text=$(sed -E 's/\{(S:[SV](,S:[SV])*)?\}/V/g; s/\[([SV](,[SV])*)?\]/V/g' <<<"$text")
    done
    [ "$text" = V ] || [ "$text" = S ]
}

# has_keys FILE KEY...: each key stands in the file.
has_keys() {
    local file=$1 key
    shift
    for key in "$@"; do grep -qE "\"$key\" *:" "$file" || { printf 'no key %s\n' "$key"; return 1; }; done
}

# gone PATTERN SECONDS: no process with this text in its command line is left after so many seconds.
gone() {
    local end=$((SECONDS + $2))
    while pgrep -f "$1" >/dev/null; do
        if [ "$SECONDS" -ge "$end" ]; then return 1; fi
        sleep 0.1
    done
}
