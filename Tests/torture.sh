#!/bin/bash
# The long runs of the proofs of which `make test` runs a sample; see docs/reliability-crash.md. Needs root and loop devices.
# usage: torture.sh VENV [SECTION...]   without a section: all of them, in the order below
set -u
venv=$1
shift
cd "$(dirname "$0")/.."

# A section is a function that ends with a line "N passed, N failed, N skipped" and fails if anything failed.
system_test() { Tests/pytest.sh "$venv" "Tests/system/$1"; }
# The second number is how many times as many runs as in `make test`. Hashing without a random seed lets a run be repeated.
swift_test() {
    SWIFT_DETERMINISTIC_HASHING=1 UPSERTD_TEST_RUNS=$2 Tests/swift.sh --filter "$1"
}
kills() { UPSERTD_TEST_SYSCALLS=${UPSERTD_TEST_SYSCALLS:-all} system_test test_syscall_kill.py; }
syncs() { UPSERTD_TEST_SYNCS=${UPSERTD_TEST_SYNCS:-all} system_test test_failed_sync.py; }
cuts() { UPSERTD_TEST_CUTS=${UPSERTD_TEST_CUTS:-300} system_test test_power_cut.py; }
disks() { UPSERTD_TEST_RESIDUALS=${UPSERTD_TEST_RESIDUALS:-all} system_test test_full_disk.py; }
storms() { UPSERTD_ORDER_STEPS=${UPSERTD_ORDER_STEPS:-2000} system_test test_order.py; }
sizes() { UPSERTD_TEST_SCALE=full system_test test_bounded.py; }
soak() { UPSERTD_TEST_SOAK_SECONDS=${UPSERTD_TEST_SOAK_SECONDS:-1800} system_test test_soak.py; }
model() { swift_test UpsertModelTests "${UPSERTD_TEST_RUNS:-250}"; }
inputs() { swift_test UpsertFuzzTests "${UPSERTD_TEST_RUNS:-50}"; }
fuzz() { Tests/fuzz/run.sh "${UPSERTD_TEST_INPUTS:-1000000}"; }
sections="kills syncs cuts disks storms sizes model inputs fuzz soak"

failed="" table=""
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for section in ${*:-$sections}; do
    [[ " $sections " = *" $section "* ]] || { echo "no section $section; there are: $sections" >&2; exit 64; }
    echo "== $section"
    started=$SECONDS
    "$section" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$status" = 0 ] || failed+=" $section"
    closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
    table+=$(printf '%-8s %-40s %6d s' "$section" "${closing:-no result}" $((SECONDS - started)))$'\n'
done
echo
printf '%s' "$table"
if [ -n "$failed" ]; then echo "failed:$failed"; exit 1; fi
echo "every section passed"
