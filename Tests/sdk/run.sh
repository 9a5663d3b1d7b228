#!/bin/bash
# Runs the official SDK against the embedded index and says how many checks there were.
# usage: run.sh VENV
set -u
cd "$(dirname "$0")/../.."
directory=$(mktemp -d)
echo conformance-key >"$directory/key"
.build/release/upsertd index --port 0 --dimension 4 --metric dotproduct --directory "$directory/index" \
    --api-key-file "$directory/key" >"$directory/log" &
index=$!
trap 'kill "$index" 2>/dev/null; wait "$index" 2>/dev/null; rm -rf "$directory"' EXIT
for _ in $(seq 100); do
    grep -q '^index:' "$directory/log" && break
    sleep 0.1
done
port=$(sed -n 's/^index: http:[^ ]*:\([0-9]*\) .*/\1/p' "$directory/log")
"$1/bin/python" Tests/sdk/conformance.py "127.0.0.1:$port" conformance-key 2>&1 | grep -v '^ok '
exit "${PIPESTATUS[0]}"
