#!/bin/sh
# Shows the main job: starts the sandbox, drops the bundled sample, reads the records back, and stops.
# usage: demo.sh BINARIES_DIRECTORY
set -eu
bin=$1
here=$(cd "$(dirname "$0")" && pwd)
box=$(mktemp -d)
"$bin/upsertd" sandbox "$box" >"$box/out" 2>"$box/log" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; rm -rf "$box"' EXIT

tries=0
until grep -q '^ready' "$box/out"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$daemon" 2>/dev/null; then
        echo "the sandbox did not start:" >&2
        cat "$box/out" "$box/log" >&2
        exit 1
    fi
    sleep 0.1
done
cat "$box/out"
index=$(sed -n 's/^index: *\(http:[^ ]*\).*/\1/p' "$box/out")

echo
echo "== dropping $(wc -l <"$here/sample.ndjson") records, and one that is broken"
cp "$here/sample.ndjson" "$box/spool/incoming/.plays"
echo '{"id": "broken", "values": [1, 2, 3]}' >>"$box/spool/incoming/.plays"
mv "$box/spool/incoming/.plays" "$box/spool/incoming/plays.ndjson"

tries=0
until curl -s --unix-socket "$box/status.sock" http://localhost/v1/status | grep -q '"idle" *: *true'; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then echo "it did not become idle" >&2; cat "$box/log" >&2; exit 1; fi
    sleep 0.1
done

echo "== asking the index for the plays nearest to a comedy"
curl -sS -X POST "$index/query" -H 'Content-Type: application/json' -H 'Api-Key: any' \
    -d '{"topK": 3, "vector": [0, 0.9, 0.3, 0.2, 0.1, 0.2, 0, 0.1], "includeMetadata": true}'
echo
echo "== what was refused, and why"
cat "$box/spool/rejected/plays.ndjson.errors.ndjson"
echo "== upsertctl status"
"$bin/upsertctl" --socket "$box/status.sock" status
