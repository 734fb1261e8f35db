# What the end-to-end tests share: sourced, not run. Each script works in a directory of its own that goes at the end;
# a script that starts what outlives it names a function `release` to stop it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
swiftlet=${SWIFTLET:-$root/.build/release/swiftlet}
# shellcheck source=Launch/lib/mpi.bash
source "$root/Launch/lib/mpi.bash"
launcher_of "$swiftlet"
work=$(mktemp -d "${TMPDIR:-/tmp}/swiftlet-e2e.XXXXXX")
passed=0
failed=0

# shellcheck disable=SC2329  # called by the trap
finish() {
    local code=$?
    if declare -F release >/dev/null; then release; fi
    mountpoint -q "$work/small" 2>/dev/null && umount "$work/small"
    rm -rf "$work"
    if [ "$code" -ne 0 ]; then failed=$((failed + 1)); fi
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
trap finish EXIT

export XDG_CACHE_HOME=$work/cache
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# on RANKS ARGUMENTS...: swiftlet on that many ranks; 0: without mpirun.
on() {
    local ranks=$1
    shift
    if [ "$ranks" -eq 0 ]; then
        "$swiftlet" "$@"
    else
        "${launcher[@]}" -n "$ranks" "$swiftlet" "$@"
    fi
}

# until_seconds SECONDS COMMAND...: until the command passes; fails where it does not in time.
until_seconds() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

pass() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}

fail() {
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$1"
    if [ -n "${2:-}" ] && [ -f "$2" ]; then sed 's/^/      /' "$2" | tail -n 12; fi
}

# check NAME COMMAND...: passes where the command does.
check() {
    local name=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then pass "$name"; else fail "$name" "$work/check.log"; fi
}

# bits DIRECTORY: the numbers of a run that must not change: losses, norms, rates; no times, no memory.
bits() {
    sed -E 's/"(tokens_per_second|step_seconds|peak_rss_bytes|anonymous_peak_bytes|seconds|eval_seconds)": ?[^,}]*,? ?//g' \
        "$1/metrics.jsonl"
}

# result DIRECTORY: what a run has trained: the weights of its adapter, or of its model.
result() {
    if [ -d "$1/model" ]; then printf '%s/model/model.safetensors' "$1"; else printf '%s/adapter/adapter_model.safetensors' "$1"; fi
}

# same NAME A B: two runs gave the same numbers and the same adapter or model, to the last bit.
same() {
    if ! diff <(bits "$2") <(bits "$3") >"$work/same.log" 2>&1; then
        fail "$1: metrics differ" "$work/same.log"
    elif ! cmp "$(result "$2")" "$(result "$3")" >"$work/same.log" 2>&1; then
        fail "$1: results differ" "$work/same.log"
    else
        pass "$1"
    fi
}

# refused NAME CODE PATTERN RANKS ARGUMENTS...: exit code, exactly one error line that matches, within 10 seconds.
refused() {
    local name=$1 code=$2 pattern=$3 ranks=$4 found=0 lines
    shift 4
    if [ "$ranks" -eq 0 ]; then
        timeout 10 "$swiftlet" "$@" >"$work/refused.log" 2>&1 || found=$?
    else
        timeout 10 "${launcher[@]}" -n "$ranks" "$swiftlet" "$@" >"$work/refused.log" 2>&1 ||
            found=$?
    fi
    lines=$(grep -ciE '^(swiftlet: )?error:' "$work/refused.log" || true)
    if [ "$found" -ne "$code" ]; then
        fail "$name: exit code $found, not $code" "$work/refused.log"
    elif [ "$lines" -ne 1 ] || ! grep -qE -- "$pattern" "$work/refused.log"; then
        fail "$name: not one line with '$pattern'" "$work/refused.log"
    else
        pass "$name"
    fi
    if pgrep -f "$work/(job|out|nowhere)" >/dev/null && sleep 5 && pgrep -f "$work/(job|out|nowhere)" >/dev/null; then
        fail "$name: processes are left"
    fi
}
