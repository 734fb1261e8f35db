#!/usr/bin/env bash
# Every combination of ranks, copies of the base, ZeRO stages, hosts and what is trained; a quarter of an hour.
set -euo pipefail
COVER=all exec bash "$(dirname "${BASH_SOURCE[0]}")/../cover.sh"
