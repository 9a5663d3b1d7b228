#!/bin/bash
# Coverage-guided fuzzing of the record decoder: builds UpsertCore with libFuzzer and AddressSanitizer, and runs it from the
# kept corpus. An input that fails is left in the directory given, to be kept in Tests/corpus/records and to become a test.
# usage: run.sh INPUTS [DIRECTORY]
set -u
inputs=$1
cd "$(dirname "$0")/../.."
work=${2:-$(mktemp -d)}
mkdir -p "$work/corpus"
[ -n "${2:-}" ] || trap 'rm -rf "$work"' EXIT
sources=$(find "$PWD/Sources/UpsertCore" -name '*.swift')
target=$PWD/Tests/fuzz/DecodeTarget.swift
features="-enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature NonisolatedNonsendingByDefault"
# shellcheck disable=SC2086  # lists of words; the compiler leaves files where it runs
(cd "$work" && swiftc -O -g -wmo -swift-version 6 -parse-as-library -sanitize=fuzzer,address -module-name DecodeFuzz -package-name upsertd \
    -suppress-warnings $features $sources "$target" -o decode) 2> >(grep -v 'Cannot export local symbol' >&2) || exit 1
# The first byte of an input chooses the reader, so each kept record is a seed for every one of them.
for file in Tests/corpus/records/*; do
    for choice in 0 1 2 3 4 34; do
        { printf "\\$(printf %o "$choice")"; cat "$file"; } >"$work/corpus/$(basename "$file")-$choice"
    done
done
ASAN_OPTIONS=detect_leaks=0 "$work/decode" -runs="$inputs" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$work/" -print_final_stats=1 "$work/corpus" 2>"$work/log"
status=$?
grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)|cov:.*DONE|^==|ERROR|SUMMARY' "$work/log" | tail -8
[ "$status" = 0 ] || tail -30 "$work/log"
if [ "$status" = 0 ]; then echo "1 passed, 0 failed, 0 skipped"; else echo "0 passed, 1 failed, 0 skipped"; fi
exit "$status"
