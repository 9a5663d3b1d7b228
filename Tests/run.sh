#!/bin/bash
# Runs every suite and ends with one line of totals; fails if anything failed or could not run.
# usage: run.sh VENV
set -u
venv=$1
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0 broken=0

echo "== Swift tests"
swift test -c release --skip-build 2>&1 | tee "$logs/swift" | grep -E '✘|error|warning|UPSERTD_TEST_SEED|Test run with'
status=${PIPESTATUS[0]}
count=$(grep -cE '^✔ Test .* passed' "$logs/swift"); bad=$(grep -cE '^✘ Test .* failed' "$logs/swift")
[ "$status" = 0 ] || { broken=1; tail -40 "$logs/swift"; }
[ "$count" -gt 0 ] || { echo "no Swift test ran"; broken=1; }
passed=$((passed + count)); failed=$((failed + bad))

echo "== official SDK against the embedded index"
directory=$(mktemp -d)
echo conformance-key >"$directory/key"
.build/release/upsertd index --port 0 --dimension 4 --metric dotproduct --directory "$directory/index" \
    --api-key-file "$directory/key" >"$logs/index" &
index=$!
for _ in $(seq 100); do grep -q '^index:' "$logs/index" && break; sleep 0.1; done
port=$(sed -n 's/^index: http:[^ ]*:\([0-9]*\) .*/\1/p' "$logs/index")
"$venv/bin/python" Tests/sdk/conformance.py "127.0.0.1:$port" conformance-key 2>&1 | tee "$logs/sdk" | grep -vE '^ok '
[ "${PIPESTATUS[0]}" = 0 ] || broken=1
kill "$index"; wait "$index" 2>/dev/null; rm -rf "$directory"
read -r count bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' "$logs/sdk" | tail -1)
[ -n "${count:-}" ] || { echo "the SDK conformance run gave no result"; broken=1; count=0 bad=0; }
passed=$((passed + count)); failed=$((failed + bad))

echo "== whole binary"
"$venv/bin/python" -m pytest -q -p no:cacheprovider --no-header -rA Tests/system 2>&1 | tee "$logs/pytest" | grep -E '^(FAILED|ERROR|E  )|passed|failed|UPSERTD_TEST_SEED'
[ "${PIPESTATUS[0]}" = 0 ] || { broken=1; grep -B2 -A40 '= FAILURES =' "$logs/pytest" | head -150; }
number() { grep -oE "[0-9]+ $1" "$logs/pytest" | tail -1 | cut -d' ' -f1; }
passed=$((passed + $(number passed || true) + 0)); failed=$((failed + $(number failed || true) + $(number error || true) + 0))
skipped=$((skipped + $(number skipped || true) + 0))

if [ "$skipped" -gt 0 ]; then echo "a skipped suite is a failure"; broken=1; fi
if [ "$broken" = 1 ] && [ "$failed" = 0 ]; then failed=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
