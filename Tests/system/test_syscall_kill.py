"""kill -9 before every system call that changes the world: nothing is lost, told twice, or sent out of order.

The tracer kills a scripted run before its Nth write, sync, rename, removal or send; a second run without the tracer must bring
everything to rest as if nothing had happened. UPSERTD_TEST_SYSCALLS=all visits every N, a number samples that many (each
distinct call on each distinct kind of file first), and at:233,238 visits those.
"""

import collections
import concurrent.futures
import os
import random

from crash_daemon import make_outbox
from scripted_run import ScriptedRun, choose, site

KILLS = os.environ.get("UPSERTD_TEST_SYSCALLS", "24")
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
RUNS_AT_ONCE = 4


def test_a_kill_before_any_system_call_loses_nothing(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    template = make_outbox(directory / "template.db")
    code, calls = ScriptedRun(directory / "whole", template).run()
    assert code == 0 and len(calls) > 50
    if KILLS.startswith("at:"):
        chosen = [int(number) for number in KILLS[3:].split(",")]
    else:
        chosen = choose(calls, len(calls) if KILLS == "all" else int(KILLS), random.Random(SEED))
    print(f"{len(calls)} calls at {len({site(call) for call in calls})} sites; {len(chosen)} kills")

    def killed(number):
        try:
            run = ScriptedRun(directory / f"kill-{number}", template)
            code, made = run.run("--kill", number)
            # A run may need a few calls less than the first one; then it ended before the kill.
            assert code == (137 if len(made) == number else 0), run.log[-3000:]
        except BaseException as error:
            return number, None, error
        return number, made[-1] if code else None, None

    places, failures = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        for count, (number, call, error) in enumerate(pool.map(killed, chosen), 1):
            if call:
                places[site(call)] += 1
            if error:
                failures.append(f"kill {count}, before call {number}: {type(error).__name__}: {str(error)[:2000]}")
                print(failures[-1], flush=True)
    for name, count in sorted(places.items()):
        print(f"{count:4} {name}")
    print(f"{sum(places.values())} kills at {len(places)} sites, {len(failures)} failures")
    assert not failures, "\n".join(failures[:5])
