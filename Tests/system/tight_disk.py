"""A daemon on a small disk, and what it must do while there is no room on it."""

import contextlib
import os
import time

from conftest import Index
from crash_daemon import CrashDaemon, lines
from ledger import Ledger
from small_disk import SmallDisk

# In each message that says that intake waits: "intake stopped, …" and "disk full: …".
STOPPED = ", nothing is lost"


class TightDisk:
    """A daemon whose queue is on a small disk; its spool is there too, or with `queue_only` where there is room."""

    def __init__(self, directory, megabytes=72, inodes=None, queue_only=False, disk_reserve="16MiB"):
        directory.mkdir(exist_ok=True)
        self.disk = SmallDisk(directory, megabytes, inodes)
        self.directory = directory
        self.queue_only, self.disk_reserve = queue_only, disk_reserve
        self.ledger = Ledger()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.index = Index(self.directory / "index", 4)
            stack.callback(self.index.stop)
            stack.enter_context(self.disk)
            state = (self.directory if self.queue_only else self.disk.path) / "state"
            self.daemon = CrashDaemon(state, self.index.url, disk_reserve=self.disk_reserve,
                                      queue=self.disk.path / "queue" if self.queue_only else None)
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

    def drop_many(self, files):
        """Drops files of 2 MB each."""
        for number in range(files):
            self.drop(f"many-{number:04d}", 100, padding=20_000)

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
        """Intake stopped with at most one message in each run of the daemon, whatever of it had no room."""
        assert self.said() <= starts, self.daemon.log.read_text()

    def wait_until_stopped(self, count):
        """Returns whether intake has stopped, or false once `count` records are accepted."""
        status = self.daemon.wait(lambda status: status["accepted"]["records"] >= count or self.said(), 20)
        return status["accepted"]["records"] < count

    def drained(self, seconds=20):
        return self.daemon.wait(lambda status: status["queued"]["records"] == 0, seconds)

    def check_rests(self, seconds=1):
        """A daemon that waits for room does not burn the processor."""
        time.sleep(0.5)
        before = self.processor_seconds()
        time.sleep(seconds)
        used = self.processor_seconds() - before
        assert used < 0.1 + 0.05 * seconds, f"{used} s of processor time in {seconds} s of waiting"

    def processor_seconds(self):
        fields = open(f"/proc/{self.daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check_all_is_well(self):
        self.ledger.check(self.daemon, self.index)
        assert self.daemon.stop() == 0, self.daemon.log.read_text()[-3000:]
