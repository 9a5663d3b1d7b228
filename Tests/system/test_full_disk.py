"""A disk that is full, out of inodes, or read-only: intake stops with one message, delivery drains, nothing is lost, and all goes
on by itself when the trouble is over.

Queue and spool lie on an ext4 file system in a file. UPSERTD_TEST_RESIDUALS=all leaves every number of free blocks until
nothing stops any more, a number samples that many, and at:19,55 leaves those.
"""

import concurrent.futures
import contextlib
import os
import random
import subprocess
import time

from conftest import Index
from crash_daemon import CrashDaemon, lines
from ledger import Ledger
from small_disk import BLOCK, SmallDisk, own_mounts

RESIDUALS = os.environ.get("UPSERTD_TEST_RESIDUALS", "8")
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
DISKS_AT_ONCE = 4
# In each message that says that intake waits: "intake stopped, …" and "disk full: …".
STOPPED = ", nothing is lost"


class TightDisk:
    """A daemon whose queue and spool are on a disk of their own, with records waiting and more on the way."""

    def __init__(self, directory, inodes=None):
        directory.mkdir(exist_ok=True)
        self.disk = SmallDisk(directory, 48, inodes)
        self.directory = directory
        self.ledger = Ledger()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.index = Index(self.directory / "index", 4)
            stack.callback(self.index.stop)
            stack.enter_context(self.disk)
            self.daemon = CrashDaemon(self.disk.path / "state", self.index.url, disk_reserve="16MiB")
            self.daemon.log = self.directory / "daemon.log"
            stack.callback(lambda: self.daemon.stop())
            self.daemon.start()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def drop(self, name, count, padding=4_000, bad=False, hidden=False):
        """Drops a file; a hidden one is on the disk, but the daemon sees it only after `reveal`."""
        writes = [self.ledger.upsert(f"{name}-{number}", padding="x" * padding) for number in range(count)]
        writes += [None] if bad else []
        file = f"{name}.ndjson"
        self.ledger.apply(writes, file)
        with open(self.daemon.incoming / f".{file}", "wb") as target:
            target.write(lines(writes))
            target.flush()
            os.fsync(target.fileno())
        if not hidden:
            self.reveal(name)

    def reveal(self, name):
        (self.daemon.incoming / f".{name}.ndjson").rename(self.daemon.incoming / f"{name}.ndjson")

    def accepted(self, count):
        return self.daemon.wait(lambda status: status["accepted"]["records"] >= count)

    def wait_for_log(self, text, seconds=30):
        deadline = time.monotonic() + seconds
        while text not in self.daemon.log.read_text():
            assert self.daemon.process.poll() is None, f"ended: {self.daemon.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"no {text!r} in {self.daemon.log.read_text()[-3000:]}"
            time.sleep(0.02)

    def said(self, text=STOPPED):
        return self.daemon.log.read_text().count(text)

    def check_said_once(self, starts=1):
        """Each reason to stop was said once in each run of the daemon, and there is one for the queue and one for the spool."""
        log = self.daemon.log.read_text()
        reasons = [line.split("reason=")[1] for line in log.splitlines() if STOPPED in line]
        assert len(reasons) <= 2 * starts and all(reasons.count(reason) <= starts for reason in reasons), log

    def wait_until_stopped(self, count):
        """Returns whether intake has stopped, or false once `count` records are accepted."""
        status = self.daemon.wait(lambda status: status["accepted"]["records"] >= count or self.said(), 20)
        return status["accepted"]["records"] < count

    def drained(self, seconds=20):
        return self.daemon.wait(lambda status: status["queued"]["records"] == 0, seconds)

    def check_rests(self):
        """A daemon that waits for room does not burn the processor."""
        def used():
            fields = open(f"/proc/{self.daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        time.sleep(0.5)
        before = used()
        time.sleep(1)
        assert used() - before < 0.15, f"{used() - before} s of processor time in a second of waiting"

    def check_all_is_well(self):
        self.ledger.check(self.daemon, self.index)
        assert self.daemon.stop() == 0, self.daemon.log.read_text()[-3000:]


def fill_and_recover(directory, residual, kill):
    """Returns whether intake stopped with `residual` bytes left."""
    with TightDisk(directory) as tight:
        tight.daemon.ctl("pause")
        for number in range(4):
            tight.drop(f"early-{number}", 25)
        tight.accepted(100)
        for number in range(6):
            tight.drop(f"late-{number}", 12, bad=number == 3, hidden=True)
        tight.disk.fill(residual)
        for number in range(6):
            tight.reveal(f"late-{number}")
        stopped = tight.wait_until_stopped(172)
        if kill:
            tight.daemon.kill()
            tight.daemon.start()
        tight.daemon.ctl("resume")
        tight.drained()
        if stopped:
            tight.check_rests()
        tight.check_said_once(starts=2 if kill else 1)
        tight.disk.empty()
        tight.check_all_is_well()
        tight.check_said_once(starts=2 if kill else 1)
        return stopped


def test_with_any_room_left_intake_stops_delivery_drains_and_it_resumes(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    own_mounts()
    chance = random.Random(SEED)

    def tried(blocks):
        kill = random.Random(f"{SEED}-{blocks}").random() < 0.3
        try:
            return blocks, kill, fill_and_recover(directory / f"blocks-{blocks}", blocks * BLOCK, kill), None
        except BaseException as error:
            return blocks, kill, None, error

    def chunks():
        if RESIDUALS == "all":
            for start in range(0, 1 << 20, 32):
                yield range(start, start + 32)
        elif RESIDUALS.startswith("at:"):
            yield [int(blocks) for blocks in RESIDUALS[3:].split(",")]
        else:
            yield [0, 1, *(chance.randrange(2, 500) for _ in range(int(RESIDUALS) - 2))]

    count = stops = kills = 0
    failures = []
    with concurrent.futures.ThreadPoolExecutor(DISKS_AT_ONCE) as pool:
        for chunk in chunks():
            done = list(pool.map(tried, chunk))
            for blocks, kill, stopped, error in done:
                count, stops, kills = count + 1, stops + bool(stopped), kills + kill
                if error:
                    failures.append(f"{blocks} blocks, kill={kill}: {type(error).__name__}: {str(error)[:2500]}")
                    print(failures[-1], flush=True)
            if not any(stopped or error for *_, stopped, error in done):
                break
    print(f"{count} residuals, intake stopped at {stops}, {kills} with a kill, {len(failures)} failures")
    assert (stops or RESIDUALS.startswith("at:")) and not failures, "\n".join(failures[:5])


def test_without_inodes_what_needs_none_goes_on_and_the_rest_waits(directory):
    own_mounts()
    with TightDisk(directory, inodes=256) as tight:
        tight.drop("early", 1)
        tight.accepted(1)
        tight.drop("good", 10, hidden=True)
        tight.drop("partly-bad", 10, bad=True, hidden=True)
        tight.disk.fill_inodes()
        tight.reveal("good")
        tight.accepted(11)
        tight.drained()
        # What is refused cannot be told without a new file, so this one waits. The first one has left its inode.
        tight.disk.fill_inodes()
        tight.reveal("partly-bad")
        tight.wait_for_log(STOPPED)
        tight.check_rests()
        # What is tried again and again says nothing.
        lines = len(tight.daemon.log.read_text().splitlines())
        time.sleep(2)
        assert tight.said() == 1 and len(tight.daemon.log.read_text().splitlines()) == lines, tight.daemon.log.read_text()
        tight.disk.empty()
        tight.check_all_is_well()
        assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()


def test_a_read_only_spool_stops_intake_alone_until_it_can_be_written_again(directory):
    own_mounts()
    with TightDisk(directory) as tight:
        assert tight.daemon.stop() == 0
        real = tight.disk.path / "real"
        tight.daemon.spool.rename(real)
        tight.daemon.spool.mkdir()
        subprocess.run(["mount", "--bind", real, tight.daemon.spool], check=True)
        try:
            tight.daemon.start()
            tight.daemon.ctl("pause")
            tight.drop("early", 20)
            tight.accepted(20)
            subprocess.run(["mount", "-o", "remount,bind,ro", tight.daemon.spool], check=True)
            incoming, tight.daemon.incoming = tight.daemon.incoming, real / "incoming"
            tight.drop("late", 20, bad=True)
            tight.wait_for_log(STOPPED)
            assert "read-only" in tight.daemon.log.read_text()
            tight.daemon.ctl("resume")
            tight.drained()
            tight.check_rests()
            subprocess.run(["mount", "-o", "remount,bind,rw", tight.daemon.spool], check=True)
            tight.daemon.incoming = incoming
            tight.check_all_is_well()
            assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()
        finally:
            tight.daemon.stop()
            subprocess.run(["umount", tight.daemon.spool], check=True)


def test_a_disk_that_the_kernel_made_read_only_loses_nothing(directory):
    """As after a write error with errors=remount-ro: everything fails, also the start, until the disk is mended."""
    own_mounts()
    with TightDisk(directory) as tight:
        tight.index.stop()
        tight.drop("early", 20)
        tight.accepted(20)
        device = os.stat(tight.disk.path).st_dev
        name = os.path.basename(os.readlink(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))
        subprocess.run(["mount", "-o", "remount,errors=remount-ro", tight.disk.path], check=True)
        os.sync()  # The configuration was not synced by its author.
        with open(f"/sys/fs/ext4/{name}/trigger_fs_error", "w") as trigger:
            trigger.write("a test")
        tight.index.start()
        # It waits for the disk or ends: what was delivered cannot be stored, and says so.
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert tight.daemon.process.wait(8) in (74, 75)
        log = tight.daemon.log.read_text()
        assert "nothing is lost" in log or "upsertd ends and recovers" in log, log
        tight.daemon.kill()
        tight.daemon.start(wait=False)
        assert tight.daemon.process.wait(30) in (74, 75), tight.daemon.log.read_text()[-2000:]
        tight.disk.unmount()
        subprocess.run(["e2fsck", "-fy", tight.disk.image], stdout=subprocess.DEVNULL)
        tight.disk.mount()
        tight.daemon.start()
        tight.check_all_is_well()
