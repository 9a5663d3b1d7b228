"""The newest accepted version of a record wins, whatever happens on the way, and no older one comes after a newer."""

import json
import os
import random
import sqlite3
import subprocess

import pytest

from conftest import BINARIES, Daemon, vector
from test_hostile_server import applied, fault, hasty, overlaps_of_versions, target, wait_for

STEPS = int(os.environ.get("UPSERTD_ORDER_STEPS", "120"))
SEED = int(os.environ.get("UPSERTD_TEST_SEED", "0")) or random.randrange(1 << 32)
IDS = [f"id-{number}" for number in range(12)]


class Sources:
    """Two spools and an outbox in front of one target; writes take turns, so that the order of acceptance is known."""

    def __init__(self, directory, index, transport):
        self.database = directory / "app.db"
        subprocess.run([BINARIES / "upsertctl", "outbox", "init", self.database], check=True, capture_output=True)
        self.daemon = hasty(Daemon(directory, index.url, transport=transport,
                                   extra=f"outboxes:\n  - path: {self.database}\n    target: main\n"))
        text = self.daemon.config.read_text()
        second = f"spools:\n  - directory: {directory}/second\n    target: main\n"
        self.daemon.config.write_text(text.replace("spools:\n", second))
        self.spools = [self.daemon.incoming, directory / "second" / "incoming"]
        self.accepted = self.files = 0

    def write(self, source, operations):
        """Submits operations from a source and waits until they are accepted."""
        if source == 2:
            with sqlite3.connect(self.database, timeout=20) as rows:
                for operation in operations:
                    record = {key: value for key, value in operation.items() if key != "op"}
                    rows.execute("INSERT INTO upsertd_outbox (op, id, record) VALUES (?, ?, ?)",
                                 (operation.get("op", "upsert"), operation["id"],
                                  None if operation.get("op") == "delete" else json.dumps(record)))
        else:
            self.files += 1
            self.daemon.incoming = self.spools[source]
            self.daemon.drop(f"{self.files}.ndjson", operations)
        self.accepted += len(operations)
        self.daemon.wait(lambda s: s["accepted"]["records"] == self.accepted, 30)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_the_newest_version_wins_through_every_storm(directory, index, transport):
    print(f"UPSERTD_TEST_SEED={SEED} UPSERTD_ORDER_STEPS={STEPS}")
    chance = random.Random(f"{SEED} {transport}")
    sources = Sources(directory, index, transport)
    daemon = sources.daemon.start()
    newest, paused = {}, False
    try:
        fault(index, "late_apply", ms=1500, probability=0.08, seed=SEED % (1 << 31))
        for effect, more in [("apply_then_drop", {}), ("unavailable", {}), ("throttle", {"retry_after": 0.1}),
                             ("reset", {"code": 2}), ("delay", {"ms": 200})]:
            fault(index, effect, probability=0.12, **more)
        for step in range(1, STEPS + 1):
            operations = []
            for number, id in enumerate(chance.sample(IDS, chance.randint(1, 6))):
                is_delete = chance.random() < 0.15
                newest[id] = None if is_delete else step
                operations.append({"op": "delete", "id": id} if is_delete else {"id": id, "values": vector(step)})
            sources.write(chance.randrange(3), operations)
            action = chance.random()
            if action < 0.06:
                daemon.ctl("resume" if paused else "pause")
                paused = not paused
            elif action < 0.09:
                daemon.kill()
                daemon.start()
            elif action < 0.11:
                daemon.stop()
                daemon.start()
        if paused:
            daemon.ctl("resume")
        index.call("DELETE", "/_faults")
        status = daemon.idle(120)
        assert status["quarantined"]["records"] == 0 and status["rejected"]["records"] == 0
        found = index.fetch(IDS)
        assert {id: int(record["values"][0]) for id, record in found.items()} == \
            {id: step for id, step in newest.items() if step}
        for id in IDS:
            # A deletion has no number; what surrounds it must still rise.
            versions = [int(e["first"]) for e in index.journal()["entries"] if e["id"] == id and e["first"] is not None]
            assert versions == sorted(versions), (id, versions)
        assert overlaps_of_versions(index) == []
    finally:
        daemon.stop()


@pytest.fixture
def daemon(directory, index):
    daemon = hasty(Daemon(directory, index.url)).start()
    yield daemon
    daemon.stop()


def test_a_newer_version_waits_for_a_bisected_batch(daemon, index):
    fault(index, "refuse", id="r-600", times=8)
    fault(index, "delay", ms=30)
    daemon.drop("1.ndjson", [{"id": f"r-{n}", "values": vector(1)} for n in range(1000)])
    wait_for(lambda: sum(entry["hits"] for entry in index.call("GET", "/_faults")) >= 2)
    daemon.drop("2.ndjson", [{"id": f"r-{n}", "values": vector(2)} for n in range(1000)])
    status = daemon.idle()
    assert status["accepted"]["records"] == 2000 and index.count() == 1000
    versions = {}
    for entry in index.journal()["entries"]:
        versions.setdefault(entry["id"], []).append(int(entry["first"]))
    assert all(seen[-1] == 2 and seen == sorted(seen) for seen in versions.values())
    assert overlaps_of_versions(index) == []


def test_an_old_version_from_quarantine_never_overwrites_a_newer_write(daemon, index):
    fault(index, "refuse", id="a", times=1)
    daemon.drop("1.ndjson", [{"id": "a", "values": vector(1)}])
    daemon.wait(lambda s: s["quarantined"]["current"] == 1)
    daemon.drop("2.ndjson", [{"id": "a", "values": vector(2)}])
    daemon.wait(lambda s: s["delivered"]["records"] == 1)
    done = daemon.ctl("quarantine", "retry", "1", check=False)
    assert done.returncode == 65 and "newer" in (done.stdout + done.stderr), done
    daemon.idle()
    assert applied(index, "a") == [2]


def test_a_retry_from_quarantine_is_itself_the_newest_write(daemon, index):
    fault(index, "refuse", id="a", times=1)
    daemon.drop("1.ndjson", [{"id": "a", "values": vector(1)}])
    daemon.wait(lambda s: s["quarantined"]["current"] == 1)
    daemon.ctl("pause")
    daemon.ctl("quarantine", "retry", "1")
    daemon.drop("2.ndjson", [{"id": "a", "values": vector(2)}])
    daemon.wait(lambda s: s["accepted"]["records"] >= 2 and s["coalesced"]["records"] == 1)
    daemon.ctl("resume")
    daemon.idle()
    assert applied(index, "a") == [2]


def test_what_waits_while_paused_keeps_its_order_over_a_restart(daemon, index):
    daemon.ctl("pause")
    for number in (1, 2, 3):
        daemon.drop(f"{number}.ndjson", [{"id": "a", "values": vector(number)}, {"id": f"b{number}", "values": vector(number)}])
        daemon.wait(lambda s: s["accepted"]["records"] == 2 * number)
        daemon.kill()
        daemon.start()
    assert index.count() == 0
    daemon.ctl("resume")
    status = daemon.idle()
    assert applied(index, "a") == [3] and index.count() == 4 and target(status)["paused"] is False
