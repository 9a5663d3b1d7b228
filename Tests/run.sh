#!/bin/bash
# Runs every suite and ends with one line of totals; fails if anything failed or could not run.
# usage: run.sh VENV
# A suite is a command that ends with a line "N passed, N failed, N skipped" and fails if anything failed.
set -u
venv=$1
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0 table=""

suite() {
    local name=$1 count bad left status started=$SECONDS
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$logs/suite"
    status=${PIPESTATUS[0]}
    read -r count bad left < <(
        sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$logs/suite" | tail -1)
    if [ -z "${count:-}" ]; then
        echo "$name gave no result"
        count=0 bad=1
    fi
    # What could not run here, or ended badly without saying why, is a failure, not a silent skip.
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$((count + bad))" = 0 ]; then echo "$name ran nothing"; bad=1; fi
    passed=$((passed + count)) failed=$((failed + bad)) skipped=$((skipped + ${left:-0}))
    table+=$(printf '%-45s %5d passed %3d failed %3d skipped %5d s' "$name" "$count" "$bad" "${left:-0}" \
        $((SECONDS - started)))$'\n'
}

suite "Swift tests" Tests/swift.sh
suite "instructions of the record path" Tests/cost/run.sh .build/release
suite "official SDK against the embedded index" Tests/sdk/run.sh "$venv"
suite "whole binary" Tests/pytest.sh "$venv" Tests/system
suite "the service in a booted machine" Tests/pytest.sh "$venv" Tests/systemd

echo
printf '%s' "$table"
if [ "$skipped" -gt 0 ]; then echo "a skipped test is a failure here"; failed=$((failed + skipped)); fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
