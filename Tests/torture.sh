#!/bin/bash
# The long runs of the proofs of which `make test` runs a sample; see docs/reliability-crash.md. Needs root and loop devices.
# usage: torture.sh VENV [SECTION...]   without a section: all of them, in the order below
set -u
venv=$1
shift
cd "$(dirname "$0")/.."

# A section is a function that ends with a line "N passed, N failed, N skipped" and fails if anything failed.
system_test() { Tests/pytest.sh "$venv" "Tests/system/$1"; }
kills() { UPSERTD_TEST_SYSCALLS=${UPSERTD_TEST_SYSCALLS:-all} system_test test_syscall_kill.py; }
syncs() { UPSERTD_TEST_SYNCS=${UPSERTD_TEST_SYNCS:-all} system_test test_failed_sync.py; }
cuts() { UPSERTD_TEST_CUTS=${UPSERTD_TEST_CUTS:-300} system_test test_power_cut.py; }
disks() { UPSERTD_TEST_RESIDUALS=${UPSERTD_TEST_RESIDUALS:-all} system_test test_full_disk.py; }
storms() { UPSERTD_ORDER_STEPS=${UPSERTD_ORDER_STEPS:-2000} system_test test_order.py; }
sizes() { UPSERTD_TEST_SCALE=full system_test test_bounded.py; }
soak() { UPSERTD_TEST_SOAK_SECONDS=${UPSERTD_TEST_SOAK_SECONDS:-1800} system_test test_soak.py; }
sections="kills syncs cuts disks storms sizes soak"

failed=""
for section in ${*:-$sections}; do
    [[ " $sections " = *" $section "* ]] || { echo "no section $section; there are: $sections" >&2; exit 64; }
    echo "== $section"
    "$section" || failed+=" $section"
done
if [ -n "$failed" ]; then echo "failed:$failed"; exit 1; fi
echo "every section passed"
