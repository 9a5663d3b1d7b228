#!/bin/bash
# Runs a folder of pytest tests and says how many there were.
# usage: pytest.sh VENV FOLDER
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$1/bin/python" -m pytest -q -p no:cacheprovider --no-header -rA --durations=15 "$2" 2>&1 | tee "$log" |
    grep -E '^(FAILED|ERROR|SKIPPED|E  )|passed|failed|UPSERTD_TEST_SEED|s (call|setup) |^FIGURE|^[0-9]+ (kills|syncs|cuts|residuals)'
status=${PIPESTATUS[0]}
[ "$status" = 0 ] || grep -A200 -E '= (FAILURES|ERRORS) =' "$log" | head -250
number() { grep -oE "[0-9]+ $1" "$log" | tail -1 | cut -d' ' -f1; }
errors=$(number "errors?")
bad=$(number failed)
echo "$(($(number passed) + 0)) passed, $((${bad:-0} + ${errors:-0})) failed, $(($(number skipped) + 0)) skipped"
[ "$status" = 0 ]
