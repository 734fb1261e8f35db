#!/usr/bin/env bash
# With sync_every ranks meet every so many steps: the same result on one host and on four, at a share of the bytes.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
# With a rank that has much to say, what starts the job and keeps watch counts little.
settings=(--set eval_steps=0 --set save_steps=0 --set micro_batch_size=1 --set global_batch_size=4
    --set sequence_len=32 --set compute=fp32 --set threads=1 --set lora_r=256 --set max_steps=40)

# train NAME SETTING COMMAND...: into $work/NAME, by the command that starts swiftlet.
train() {
    local name=$1 setting=$2
    shift 2
    timeout 300 "$@" "$swiftlet" train "$job" "${settings[@]}" --set "$setting" \
        --set output_dir="$work/$name" >"$work/$name.log" 2>&1 || fail "$name runs" "$work/$name.log"
}

sent() { "$cluster" bytes | awk '{ sum += $2 } END { printf "%.0f", sum }'; }

up 4
start=$(sent)
train together sync_every=1 "$cluster" run -n 4
every=$(($(sent) - start))
start=$(sent)
train apart sync_every=20 "$cluster" run -n 4
few=$(($(sent) - start))
train alike sync_every=20 "${launcher[@]}" -n 4
same "four ranks on one host and on four" "$work/alike" "$work/apart"
check "together is not apart" test "$(bits "$work/together")" != "$(bits "$work/apart")"
printf '      40 steps on 4 hosts: %d bytes on the wire, with sync_every: 20 %d\n' "$every" "$few"
check "at most a twentieth of the bytes" test $((20 * few)) -le "$every"
