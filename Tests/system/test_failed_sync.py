"""A sync that fails is final: the daemon ends with a message and status 74, and the next start recovers everything.

What a failed sync should have written may be gone although the next one succeeds, so it is never tried again. The tracer lets
the Nth sync of a scripted run fail with EIO. UPSERTD_TEST_SYNCS=all visits every N, a number samples that many.
"""

import collections
import concurrent.futures
import errno
import os
import random
import re

from crash_daemon import make_outbox
from scripted_run import ScriptedRun, choose, site

SYNCS = os.environ.get("UPSERTD_TEST_SYNCS", "10")
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
RUNS_AT_ONCE = 4
ONLY = ["--only", "fdatasync ", "--only", "fsync "]


def is_final(call):
    """Whether the daemon must end: not for the application's own database, where SQLite rolls back and it is tried again,
    and not where SQLite itself takes no notice, which is the entry of a new file in its directory."""
    return not call["path"].startswith("app.db") and (call["call"], call["path"]) != ("fdatasync", "queue")


def test_a_failed_sync_ends_the_daemon_and_the_next_start_recovers(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    template = make_outbox(directory / "template.db")
    code, calls = ScriptedRun(directory / "whole", template).run(*ONLY)
    assert code == 0 and len(calls) > 20
    chosen = choose(calls, len(calls) if SYNCS == "all" else int(SYNCS), random.Random(SEED))

    def failed(number):
        try:
            run = ScriptedRun(directory / f"sync-{number}", template)
            code, made = run.run(*ONLY, "--fail", f"{number}:{errno.EIO}")
            if len(made) < number:
                return number, None, None  # It ended before that.
            call = made[number - 1]
            if is_final(call):
                assert code == 74, f"status {code} after {call}: {run.log[-3000:]}"
                critical = [line for line in run.log.splitlines() if " critical " in line]
                assert len(critical) == 1 and re.search("upsertd ends and recovers|cannot open", critical[0]), critical
            else:
                assert code == 0, f"status {code} after {call}: {run.log[-3000:]}"
            return number, call, None
        except BaseException as error:
            return number, None, error

    places, failures = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        for count, (number, call, error) in enumerate(pool.map(failed, chosen), 1):
            if call:
                places[site(call)] += 1
            if error:
                failures.append(f"failure {count}, of sync {number}: {type(error).__name__}: {str(error)[:2000]}")
                print(failures[-1], flush=True)
    for name, count in sorted(places.items()):
        print(f"{count:4} {name}")
    print(f"{sum(places.values())} syncs made to fail at {len(places)} sites, {len(failures)} failures")
    assert not failures, "\n".join(failures[:5])
