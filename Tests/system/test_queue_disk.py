"""A queue on a disk of its own that fills up: no busy loop, the reserve is left to settling, and draining makes room by itself."""

import os
import time

import pytest

from conftest import Daemon, vector
from small_disk import BLOCK, SmallDisk, own_mounts

FILLER = "f" * 20_000
STOPPED = "disk full: intake waits, delivery goes on"


def records(start, count, **more):
    return [{"id": f"r{n:06d}", "values": vector(n), "metadata": {"f": FILLER}, **more} for n in range(start, start + count)]


def said(daemon, text):
    return daemon.log.read_text().count(text)


def cpu_seconds(daemon):
    fields = open(f"/proc/{daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def small(directory, index):
    """A daemon whose queue lies on a disk of its own, with a reserve of 16 MiB."""
    own_mounts()
    with SmallDisk(directory, 72, name="queue") as disk:
        daemon = Daemon(directory, index.url)
        daemon.config.write_text(daemon.config.read_text().replace(
            f"directory: {daemon.directory}/queue", f"directory: {daemon.directory}/queue\n  disk_reserve: 16MiB"))
        yield disk, daemon
        daemon.stop()


def test_a_full_queue_disk_stops_intake_once_and_delivery_drains_it(small, index):
    disk, daemon = small
    daemon.start()
    daemon.ctl("pause")
    total = 0
    for file in range(60):
        daemon.drop(f"{file:04d}.ndjson", records(total, 100))
        total += 100
    daemon.wait(lambda s: s["queue"]["disk_full"], 60)
    disk.fill(0)
    assert disk.free_bytes() < BLOCK
    before = cpu_seconds(daemon)
    time.sleep(11)  # Upkeep comes every ten seconds, and must leave the reserve alone too.
    assert cpu_seconds(daemon) - before < 1, "no busy loop while the disk is full"
    full = daemon.status()
    assert said(daemon, STOPPED) == 1 and "the disk of the queue is full" in daemon.log.read_text()
    assert any("disk of the queue is full" in problem["reason"] for problem in full["spools"][0]["problems"])
    assert full["queue"]["reserve_bytes"] == 16 << 20, "intake leaves the reserve alone"
    assert 0 < full["accepted"]["records"] < total
    # Nothing but the reserve is left, and yet everything accepted is delivered and settled.
    daemon.ctl("resume")
    daemon.wait(lambda s: s["delivered"]["records"] >= full["accepted"]["records"], 60)
    disk.empty()
    status = daemon.idle(120)
    assert status["delivered"]["records"] == total == index.count()
    assert not status["queue"]["disk_full"]
    daemon.wait(lambda s: s["queue"]["reserve_bytes"] == 16 << 20, 30)
    assert said(daemon, STOPPED) == 1 and said(daemon, "disk ok: intake goes on") == 1


def test_the_queue_itself_fills_its_disk_and_resumes_as_it_drains(small, index):
    disk, daemon = small
    daemon.start()
    daemon.ctl("pause")
    total = 0
    for file in range(60):
        daemon.drop(f"{file:04d}.ndjson", records(total, 100))
        total += 100
    daemon.wait(lambda s: s["queue"]["disk_full"], 60)
    daemon.ctl("resume")
    assert daemon.idle(120)["delivered"]["records"] == total == index.count()
    assert said(daemon, STOPPED) == 1


def test_a_kill_on_a_full_disk_loses_nothing(small, index):
    disk, daemon = small
    daemon.start()
    daemon.ctl("pause")
    for file in range(40):
        daemon.drop(f"{file:04d}.ndjson", records(file * 100, 100))
    daemon.wait(lambda s: s["queue"]["disk_full"], 60)
    disk.fill(0)
    accepted = daemon.status()["accepted"]["records"]
    daemon.kill()
    daemon.start()
    assert daemon.status()["queued"]["records"] == accepted
    daemon.ctl("resume")
    daemon.wait(lambda s: s["delivered"]["records"] >= accepted, 60)
    disk.empty()
    assert daemon.idle(120)["delivered"]["records"] == 4_000 == index.count()
