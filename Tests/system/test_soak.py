"""Load, faults and kills for a while under a memory limit: nothing lost, nothing reordered, and what it uses stays flat.

`UPSERTD_TEST_SOAK_SECONDS` says for how long.
"""

import os
import random

from memory_limit import MemoryLimit
from soak import Soak

SECONDS = int(os.environ.get("UPSERTD_TEST_SOAK_SECONDS", "20"))
SEED = int(os.environ.get("UPSERTD_TEST_SEED", "0")) or random.randrange(1 << 32)
LIMIT_MB = 256
DESCRIPTORS_MAX = 80


def test_a_soak_loses_nothing_and_stays_flat(directory, index):
    print(f"UPSERTD_TEST_SEED={SEED} UPSERTD_TEST_SOAK_SECONDS={SECONDS}")
    limit = MemoryLimit("upsertd-soak", LIMIT_MB)
    soak = Soak(directory, index, SEED, limit)
    soak.start()
    try:
        status = soak.run(SECONDS)
        soak.check_journal()
        grown = {name: soak.growth(name) for name in ("rss_mb", "descriptors", "disk_mb")}
        print(f"FIGURE {SECONDS} s: {soak.written} operations, {soak.files} files, {soak.bad} bad lines, {soak.kills} kills, "
              f"{soak.restarts} restarts, {status['delivered']['requests']} requests; "
              + "; ".join(f"{name} {first:.0f} -> {last:.0f}" for name, (first, last) in grown.items())
              + f"; peaks {max(s['rss_mb'] for s in soak.samples):.0f} MB, "
              f"{max(s['descriptors'] for s in soak.samples)} descriptors, {max(s['disk_mb'] for s in soak.samples):.0f} MB disk")
        assert soak.regressions == [] and soak.differences() == []
        assert status["quarantined"]["records"] == 0 and status["dropped"]["records"] == 0 and limit.kills() == 0
        assert max(sample["descriptors"] for sample in soak.samples) < DESCRIPTORS_MAX
        assert grown["rss_mb"][1] < grown["rss_mb"][0] * 1.2 + 10, soak.samples
        assert grown["descriptors"][1] <= grown["descriptors"][0] + 8, soak.samples
        assert grown["disk_mb"][1] < grown["disk_mb"][0] + 30, soak.samples
    finally:
        soak.daemon.stop()
        limit.close()
