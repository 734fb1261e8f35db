#!/usr/bin/env bash
# Thirty kills instead of four, at other moments.
set -euo pipefail
KILLS=30 SEED=${SEED:-97} exec bash "$(dirname "${BASH_SOURCE[0]}")/../resume.sh"
