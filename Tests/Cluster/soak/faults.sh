#!/usr/bin/env bash
# Twenty faults of each kind instead of three.
set -euo pipefail
FAULTS=20 exec bash "$(dirname "${BASH_SOURCE[0]}")/../faults.sh"
