#!/usr/bin/env bash
# A host that sees neither job, data nor base takes part in a run, with the same bits: what it needs comes from the
# coordinator, or from a copy of the base on a disk of its own. What every host must see is asked for in one line.
set -euo pipefail
# shellcheck source=Tests/Cluster/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

given=$work/given
base=$given/tiny.base.h5
local=$work/local
settings=(--set "base_model=$base" --set eval_steps=2 --set save_steps=2 --set val_set_size=8 --set micro_batch_size=2
    --set global_batch_size=8 --set compute=fp32 --set threads=1 --set max_steps=3)

cp -r "$root/Jobs" "$given"
"$swiftlet" quantize "$given/tiny" -o "$base" >"$work/quantize.log" 2>&1

# train NAME COMMAND... -- SETTING...: into $work/NAME, by the command that starts swiftlet.
train() {
    local name=$1 start=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        start+=("$1")
        shift
    done
    # The command ends with --, or with the line.
    if [ $# -gt 0 ]; then shift; fi
    timeout 120 "${start[@]}" "$swiftlet" train "$given/tiny.yaml" "${settings[@]}" --set output_dir="$work/$name" \
        "${@/#/--set=}" >"$work/$name.log" 2>&1
}

# trained NAME RANKS EACH SETTING...: the same as on one rank.
trained() {
    local name=$1 ranks=$2 each=$3
    shift 3
    if train "$name" "$cluster" run -n "$ranks" -ppn "$each" -- "$@"; then
        same "$name" "$work/one" "$work/$name"
    else
        fail "$name runs" "$work/$name.log"
    fi
}

# ended NAME CODE PATTERN SETTING...: a run on both hosts ends with the code and one line.
ended() {
    local name=$1 code=$2 pattern=$3 found=0
    shift 3
    train refused "$cluster" run -n 2 -ppn 1 -- "$@" || found=$?
    if [ "$found" -eq "$code" ] && [ "$(grep -c error: "$work/refused.log")" -eq 1 ] &&
        grep -qE -- "$pattern" "$work/refused.log"; then
        pass "$name"
    else
        fail "$name: exit code $found, not $code, or not one line with '$pattern'" "$work/refused.log"
    fi
}

hosts_say() { grep -q "the base comes from the coordinator on hosts that do not see its file: node2$" "$work/$1.log"; }

train one env || fail "one rank runs" "$work/one.log"

up 2
"$cluster" hide node2 "$given"

trained whole 2 1 distributed.nodes_per_copy=1
check "whole: node2 is said to get it" hosts_say whole
trained whole-ranks 4 2 distributed.nodes_per_copy=1
trained slices 2 1 distributed.nodes_per_copy=2
check "slices: node2 is said to get them" hosts_say slices
trained slices-ranks 4 2 distributed.nodes_per_copy=all distributed.prefetch_depth=2

for host in node1 node2; do
    "$cluster" exec "$host" mkdir -p "$local"
    "$cluster" exec "$host" mount -t tmpfs -o size=64m tmpfs "$local"
done
# shellcheck disable=SC2317,SC2329  # called by check
digest_is() { "$cluster" exec "$1" sh -c "cat '$local'/base/*.h5 | sha256sum" | cmp - "$work/digest"; }
inode() { "$cluster" exec "$1" sh -c "stat -c %i '$local'/base/*.h5"; }
sha256sum <"$base" >"$work/digest"
trained staged 4 2 distributed.stage_base="$local/base"
check "staged: a copy for each host" grep -q "copying the base (.*) to $local/base/.* on 2 of 2 hosts" "$work/staged.log"
for host in node1 node2; do check "staged: the copy on $host is whole" digest_is "$host"; done
inode node2 >"$work/inode"
"$cluster" exec node1 rm -r "$local/base"
trained staged-again 4 2 distributed.stage_base="$local/base" distributed.nodes_per_copy=2
check "staged again: a copy for one host" grep -q "copying the base .* on 1 of 2 hosts" "$work/staged-again.log"
check "staged again: the other host's copy stays" cmp "$work/inode" <(inode node2)

"$cluster" exec node2 umount "$local"
"$cluster" exec node2 mount -t tmpfs -o size=64k tmpfs "$local"
ended "a disk that is too small for the base" 69 "error: node2: $local/base/.*\.base\.h5: needs [0-9]+ bytes where" \
    distributed.stage_base="$local/base"
check "a disk that is too small: nothing is left there" sh -c "[ -z \"\$($cluster exec node2 find '$local' -type f)\" ]"

ended "weights that a host does not see" 65 "error: node2: $given/tiny" adapter=none base_model="$given/tiny"
"$cluster" hide node2 "$work/refused"
ended "an output_dir that the hosts do not share" 74 "error: node2: $work/refused: .* set output_dir to a directory" \
    adapter=qlora
nothing_left "nothing is left"
