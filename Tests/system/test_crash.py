"""kill -9 of the real daemon while it works: nothing is lost, the newest write wins, per-id order is kept."""

import os
import random
import time

from conftest import Daemon, Index

KILLS = int(os.environ.get("UPSERTD_TEST_KILLS", "50"))
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))


def test_fifty_kills_lose_nothing_and_keep_the_order_per_id(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    index = Index(directory / "index", 4)
    # The hold after an unclean start is what makes writes wait; a short one keeps the test short.
    daemon = Daemon(directory, index.url)
    text = daemon.config.read_text().replace("request_timeout: 5s", "request_timeout: 1s")
    daemon.config.write_text(text.replace("ambiguous_hold: 10s", "ambiguous_hold: 2s"))
    newest, number = {}, 0
    try:
        for kill in range(KILLS):
            daemon.start(wait=False)
            deadline = time.monotonic() + chance.uniform(0.02, 0.6)
            while time.monotonic() < deadline:
                lines = []
                for _ in range(chance.choice([1, 3, 50, 400])):
                    number += 1
                    name = f"key-{chance.randrange(300)}"
                    newest[name] = number
                    lines.append({"id": name, "values": [float(number), 1, 0.5, 0.25], "metadata": {"version": number}})
                daemon.drop(f"{number:09d}.ndjson", lines)
                time.sleep(chance.uniform(0, 0.03))
            assert daemon.process.poll() is None, daemon.log.read_text()[-2000:]
            daemon.kill()
        daemon.start()
        status = daemon.idle(120)
        found = index.fetch(sorted(newest))
        assert {name: record["metadata"]["version"] for name, record in found.items()} == newest
        assert status["rejected"]["records"] == 0 and status["quarantined"]["current"] == 0
        check_journal(index.journal())
    finally:
        daemon.stop()
        index.stop()


def check_journal(journal):
    """Two requests in flight shared a record only when it was the same version again after a kill, and the versions of one
    id, in the order in which the index applied them, never go back."""
    changed = [overlap for overlap in journal["overlaps"] if not overlap["same_version"]]
    assert not changed, changed[:5]
    last = {}
    for entry in journal["entries"]:
        assert last.get(entry["id"], 0) <= entry["first"], entry
        last[entry["id"]] = entry["first"]
