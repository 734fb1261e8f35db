#!/usr/bin/env bash
# Tests/EndToEnd/resume.sh with ten kills, three of them inside a save.
set -euo pipefail
KILLS=${KILLS:-10} exec bash "$(dirname "${BASH_SOURCE[0]}")/../resume.sh"
