"""Full, read-only and failing disks under the real daemon: intake stops with one message, delivery goes on, and everything
resumes by itself."""

import os
import random
import signal
import subprocess
import time

import pytest

from conftest import Daemon, vector
from disks import SmallDisk

STEPS = int(os.environ.get("UPSERTD_TEST_DISK_STEPS", "8"))
FILLER = "f" * 20_000
STOPPED = "intake stopped"


def records(start, count, **more):
    return [{"id": f"r{n:06d}", "values": vector(n), "metadata": {"f": FILLER}, **more} for n in range(start, start + count)]


def on_small_disk(directory, index, megabytes=72):
    """A daemon whose queue lies on a disk of its own, with a reserve of 16 MiB."""
    disk = SmallDisk(directory / "disk.img", directory / "queue", megabytes)
    daemon = Daemon(directory, index.url)
    daemon.config.write_text(daemon.config.read_text().replace(
        f"directory: {daemon.directory}/queue", f"directory: {daemon.directory}/queue\n  disk_reserve: 16MiB"))
    return disk, daemon


def said(daemon, text):
    return daemon.log.read_text().count(text)


def cpu_seconds(daemon):
    fields = open(f"/proc/{daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def small(directory, index):
    disk, daemon = on_small_disk(directory, index)
    yield disk, daemon
    daemon.stop()
    disk.unmount()


def test_a_full_queue_disk_stops_intake_once_and_delivery_drains_it(small, index):
    disk, daemon = small
    daemon.start()
    daemon.ctl("pause")
    total = 0
    for file in range(60):
        daemon.drop(f"{file:04d}.ndjson", records(total, 100))
        total += 100
    daemon.wait(lambda s: s["queue"]["disk_full"], 60)
    ballast = disk.fill()
    assert disk.free() < 4096
    before = cpu_seconds(daemon)
    time.sleep(3)
    assert cpu_seconds(daemon) - before < 0.6, "no busy loop while the disk is full"
    full = daemon.status()
    assert said(daemon, STOPPED) == 1 and "the disk of the queue is full" in daemon.log.read_text()
    assert any("disk of the queue is full" in problem["reason"] for problem in full["spools"][0]["problems"])
    assert full["queue"]["reserve_bytes"] == 16 << 20, "intake leaves the reserve alone"
    assert 0 < full["accepted"]["records"] < total
    # Nothing but the reserve is left, and yet everything accepted is delivered and settled.
    daemon.ctl("resume")
    daemon.wait(lambda s: s["delivered"]["records"] >= full["accepted"]["records"], 60)
    ballast.unlink()
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
    ballast = disk.fill()
    accepted = daemon.status()["accepted"]["records"]
    daemon.kill()
    daemon.start()
    assert daemon.status()["queued"]["records"] == accepted
    daemon.ctl("resume")
    daemon.wait(lambda s: s["delivered"]["records"] >= accepted, 60)
    ballast.unlink()
    assert daemon.idle(120)["delivered"]["records"] == 4_000 == index.count()


def test_whatever_room_is_left_nothing_is_lost(small, index):
    """The disk is filled to one residual after another, in steps of 4 KB."""
    disk, daemon = small
    seed = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
    print(f"UPSERTD_TEST_SEED={seed}")
    residuals = list(range(0, 64))
    random.Random(seed).shuffle(residuals)
    daemon.start()
    total = 0
    for step, residual in enumerate(residuals[:STEPS]):
        daemon.ctl("pause")
        daemon.drop(f"{step:04d}-a.ndjson", records(total, 300))
        daemon.wait(lambda s: s["accepted"]["records"] == total + 300, 60)
        ballast = disk.fill(leaving=residual * 4096)
        daemon.drop(f"{step:04d}-b.ndjson", records(total + 300, 300))
        daemon.wait(lambda s: s["queue"]["disk_full"] or s["accepted"]["records"] == total + 600, 30)
        daemon.ctl("resume")
        daemon.wait(lambda s: s["delivered"]["records"] >= total + 300, 60)
        ballast.unlink()
        total += 600
        status = daemon.idle(60)
        assert status["delivered"]["records"] == total, (residual, status)
    assert index.count() == total


@pytest.fixture
def spool_disk(directory, index):
    """A daemon, not started, whose spool lies on a disk of its own with few inodes."""
    disk = SmallDisk(directory / "disk.img", directory / "spool", 16, inodes=64)
    daemon = Daemon(directory, index.url).start()
    yield disk, daemon
    daemon.stop()
    disk.unmount()


def paused_drop(daemon, name, lines, change):
    """Drops a file while the daemon cannot look, and changes the world before it does."""
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        daemon.drop(name, lines)
        change()
    finally:
        daemon.process.send_signal(signal.SIGCONT)


def wait_for_log(daemon, text, seconds=30):
    deadline = time.monotonic() + seconds
    while said(daemon, text) == 0:
        assert time.monotonic() < deadline, daemon.log.read_text()[-2000:]
        time.sleep(0.05)


def test_a_read_only_spool_is_said_once_and_mends_itself(spool_disk, index):
    disk, daemon = spool_disk
    paused_drop(daemon, "a.ndjson", records(0, 10), lambda: disk.remount("ro"))
    wait_for_log(daemon, "is read-only: mount it read-write again")
    time.sleep(2)
    assert said(daemon, STOPPED) == 1
    problems = daemon.status()["spools"][0]["problems"]
    assert any("read-only" in problem["reason"] for problem in problems), problems
    disk.remount("rw")
    assert daemon.idle(30)["delivered"]["records"] == 10
    assert said(daemon, STOPPED) == 1 and said(daemon, "intake goes on") == 1


def test_a_spool_without_inodes_is_said_once_and_mends_itself(spool_disk, index):
    disk, daemon = spool_disk
    made = []
    # The refused line needs an errors file, and there is no inode for it.
    paused_drop(daemon, "a.ndjson", records(0, 10) + [{"id": "bad"}], lambda: made.extend(disk.fill_inodes()))
    wait_for_log(daemon, "has no inodes left")
    time.sleep(2)
    assert said(daemon, STOPPED) == 1
    for path in made:
        path.unlink()
    assert daemon.idle(30)["delivered"]["records"] == 10
    assert daemon.errors("a.ndjson.errors.ndjson")[0]["id"] == "bad"
    assert said(daemon, STOPPED) == 1


def test_a_full_spool_disk_is_said_once_and_mends_itself(spool_disk, index):
    disk, daemon = spool_disk
    # More refused lines than the blocks that ext4 keeps for itself take.
    bad = [{"id": f"bad{n}", "metadata": {"f": FILLER}} for n in range(100)]
    paused_drop(daemon, "a.ndjson", records(0, 10) + bad, disk.fill)
    wait_for_log(daemon, "is full: free some space there")
    time.sleep(2)
    assert said(daemon, STOPPED) == 1
    (disk.place / "ballast").unlink()
    assert daemon.idle(30)["delivered"]["records"] == 10
    assert said(daemon, STOPPED) == 1


def inject(daemon, *expressions):
    """Lets system calls of the running daemon fail until the returned process is ended."""
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(daemon.process.pid)]
        + [part for expression in expressions for part in ("-e", expression)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 10
    tracer = lambda: [line for line in open(f"/proc/{daemon.process.pid}/status") if line.startswith("TracerPid")][0]
    while tracer().split()[1] == "0":
        assert strace.poll() is None and time.monotonic() < deadline, "strace cannot attach"
        time.sleep(0.05)
    return strace


def test_a_spool_disk_that_fails_is_said_once_and_mends_itself(daemon, index):
    strace = inject(daemon, "inject=renameat2:error=EIO")
    try:
        daemon.drop("a.ndjson", records(0, 10))
        wait_for_log(daemon, "look at the kernel's log")
        time.sleep(2)
        assert said(daemon, STOPPED) == 1
    finally:
        strace.terminate()
        strace.wait(10)
    assert daemon.idle(30)["delivered"]["records"] == 10
    assert said(daemon, STOPPED) == 1


def test_without_descriptors_intake_waits_and_says_so_once(daemon, index):
    pid = daemon.process.pid
    used = max(int(number) for number in os.listdir(f"/proc/{pid}/fd")) + 1
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={used}:"], check=True)
    daemon.drop("a.ndjson", records(0, 10))
    wait_for_log(daemon, "no file descriptors left")
    time.sleep(2)
    assert said(daemon, STOPPED) == 1
    subprocess.run(["prlimit", "--pid", str(pid), "--nofile=1024:"], check=True)
    assert daemon.idle(30)["delivered"]["records"] == 10
    assert said(daemon, STOPPED) == 1


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_a_failed_sync_ends_the_process_and_the_next_start_recovers(daemon, index, call):
    strace = inject(daemon, f"inject={call}:error=EIO")
    daemon.drop("a.ndjson", records(0, 50) + [{"id": "bad"}])
    assert daemon.process.wait(30) == 74, daemon.log.read_text()[-2000:]
    strace.wait(10)
    assert "upsertd ends and recovers at its next start" in daemon.log.read_text()
    daemon.start()
    assert daemon.idle(60)["delivered"]["records"] == 50 == index.count()
    assert [error["id"] for error in daemon.errors("a.ndjson.errors.ndjson")] == ["bad"]
