#!/bin/bash
# Counts the instructions of the record path on a fixed input, which no load of the machine changes, and compares them with
# the limits recorded in Tests/cost/limits. usage: run.sh BINARIES
set -u
cd "$(dirname "$0")/../.."
binary=$1/UpsertCost
# Swift seeds its hash tables at random otherwise.
export SWIFT_DETERMINISTIC_HASHING=1
passed=0 failed=0

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$1" "$2" 2>&1 |
        sed -nE 's/^.*Collected *: *([0-9]+).*/\1/p'
}

while read -r name limit; do
    case $name in '' | '#'*) continue ;; esac
    # Starting up costs the same in both runs, so their difference is the work of the rounds between.
    few=$(instructions "$name" 1) many=$(instructions "$name" 3)
    if [ -z "$few" ] || [ -z "$many" ]; then
        echo "$name could not be counted" && failed=$((failed + 1))
        continue
    fi
    each=$(((many - few) / 1000))
    if [ "$each" -le "$limit" ]; then verdict=passed passed=$((passed + 1)); else verdict=FAILED failed=$((failed + 1)); fi
    echo "$name: $each instructions a record, limit $limit: $verdict"
done <Tests/cost/limits
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
