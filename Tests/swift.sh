#!/bin/bash
# Runs the Swift tests of the release build and says how many there were.
# usage: swift.sh [swift test arguments...]
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
# Swift seeds its hash tables at random otherwise, and the runs of the model could not be repeated.
export SWIFT_DETERMINISTIC_HASHING=1
trap 'rm -f "$log"' EXIT
swift test -c release --skip-build "$@" 2>&1 | tee "$log" | grep -E '✘|error|warning|UPSERTD_TEST_SEED|Test run with'
status=${PIPESTATUS[0]}
[ "$status" = 0 ] || tail -40 "$log"
echo "$(grep -cE '^✔ Test .* passed' "$log") passed, $(grep -cE '^✘ Test .* failed' "$log") failed, 0 skipped"
[ "$status" = 0 ]
