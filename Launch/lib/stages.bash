# Numbered stages with their seconds, one line each, rewritten while they go on; plain where stdout is no terminal.
# Sourced, not run. Who sources it sets `stages`, their number, before the first.

# shellcheck disable=SC2034  # for those who source this
terminal=false
bold='' dim='' red='' green='' plain='' arrow='->' right='+' wrong='-' full='#' empty='.'
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    terminal=true
    arrow='→' right='✓' wrong='✗' full='━' empty='─'
    if [ -z "${NO_COLOR:-}" ]; then
        bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
        right=$green$right$plain wrong=$red$wrong$plain
    fi
fi

stages=0
stage_number=0
stage_name=
stage_began=0
running=
on_stop=TERM # the signal that ends what runs, where the user stops the script

# stage NAME [WHAT]: begins; WHAT is done in it.
stage() {
    stage_name=$1
    stage_began=$SECONDS
    stage_number=$((stage_number + 1))
    if $terminal; then
        note "${2:-}"
    else
        printf '%d/%d  %s%s\n' "$stage_number" "$stages" "$stage_name" "${2:+: $2}"
    fi
}

# note TEXT: what is going on, on the stage's line.
note() {
    local text=$1 width
    width=$((${COLUMNS:-$(tput cols 2>/dev/null || printf 80)} - 30))
    printf '\r\e[K %s%d/%d%s  %-12s %3d s  %s%s%s' "$bold" "$stage_number" "$stages" "$plain" "$stage_name" \
        $((SECONDS - stage_began)) "$dim" "${text:0:width}" "$plain"
}

# finished TEXT: ends the stage with what came of it.
finished() {
    local seconds=$((SECONDS - stage_began))
    if $terminal; then
        printf '\r\e[K %s%d/%d%s  %-12s %3d s  %s\n' "$bold" "$stage_number" "$stages" "$plain" "$stage_name" \
            "$seconds" "$1"
    else
        printf '     %s, %d s\n' "$1" "$seconds"
    fi
}

# remark TEXT: a line between two stages.
remark() { printf '      %s%s%s\n' "$dim" "$1" "$plain"; }

# bar DONE ALL TEXT: thirty cells, and the text behind them.
bar() {
    local cells=$((30 * $1 / $2)) done_cells rest
    printf -v done_cells '%*s' "$cells" ''
    printf -v rest '%*s' $((30 - cells)) ''
    printf '%s%s %d/%d  %s' "${done_cells// /$full}" "${rest// /$empty}" "$1" "$2" "$3"
}

# shellcheck disable=SC2329  # for those who show nothing
nothing() { :; }

# logged LOG SHOW COMMAND...: runs the command with its output in LOG, and notes what SHOW prints meanwhile; where the
# command fails, shows the end of the log and ends with its exit code.
logged() {
    local log=$1 show=$2 code=0
    shift 2
    : >"$log"
    "$@" >"$log" 2>&1 </dev/null &
    running=$!
    if $terminal; then
        while kill -0 "$running" 2>/dev/null; do
            note "$("$show")"
            sleep 0.2
        done
    fi
    wait "$running" || code=$?
    running=
    if [ "$code" -eq 0 ]; then return; fi
    if $terminal; then printf '\n'; fi
    tail -n 12 "$log" >&2
    printf '%s failed with %d; the whole of its output: %s\n' "$stage_name" "$code" "$log" >&2
    exit "$code"
}

# What runs in the background does not hear Ctrl-C: it is told.
# shellcheck disable=SC2329  # called by the trap
stopped() {
    trap '' INT TERM
    if [ -n "$running" ]; then
        kill -s "$on_stop" "$running" 2>/dev/null || true
        wait "$running" 2>/dev/null || true
    fi
    printf '\nstopped; run again to go on\n' >&2
    exit 75
}
trap stopped INT TERM
