"""The daemon as the crash tests run it: short times, and under the tracer where it is to be killed."""

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys

from conftest import BINARIES, Daemon

TRACER = pathlib.Path(__file__).with_name("syscall_tracer.py")


class CrashDaemon(Daemon):
    """A daemon whose state lies below one directory, with an outbox, and a second spool that keeps what is done."""

    def __init__(self, directory, host, outbox=None, second_spool=False, disk_reserve=None, queue=None):
        directory.mkdir(exist_ok=True)
        extra = f"outboxes:\n  - path: {outbox}\n    target: main\n" if outbox else ""
        super().__init__(directory, host, extra=extra)
        # The hold after an unclean start is what makes writes wait; a short one keeps the tests short.
        text = self.config.read_text().replace("request_timeout: 5s", "request_timeout: 1s")
        text = text.replace("ambiguous_hold: 10s", "ambiguous_hold: 2s")
        if disk_reserve:
            text = text.replace("queue:\n", f"queue:\n  disk_reserve: {disk_reserve}\n")
        if queue:
            text = text.replace(f"directory: {directory}/queue", f"directory: {queue}")
        self.kept = self.directory / "kept"
        if second_spool:
            spool = f"spools:\n  - directory: {self.kept}\n    target: main\n    keep_done: true\n    settle: 300ms\n"
            text = text.replace("spools:\n", spool)
        self.config.write_text(text)
        self.trace = self.directory.parent / f"{self.directory.name}.trace"

    def start_traced(self, *options):
        """Starts it under the tracer; `process` is the tracer, which passes SIGTERM on and ends as the daemon does."""
        command = [sys.executable, TRACER, "--under", self.directory, "--log", self.trace, *options, "--",
                   BINARIES / "upsertd", "run", "--config", self.config]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                                        stderr=open(self.log, "ab"))
        return self

    def calls(self):
        """The calls that the tracer counted."""
        return [json.loads(line) for line in self.trace.read_text().splitlines()]

    def rest_or_death(self, seconds=60):
        """Waits until the daemon is idle or has been killed; returns whether it lives."""
        try:
            # A daemon that is about to end answers with an error.
            self.wait(lambda status: status.get("idle"), seconds)
            return True
        except AssertionError:
            if self.process.poll() is None:
                raise
            return False


def make_outbox(path):
    subprocess.run([BINARIES / "upsertctl", "outbox", "init", path], check=True, stdout=subprocess.DEVNULL)
    return path


def insert(path, writes, synchronous="FULL"):
    """Inserts writes as rows of an outbox in one transaction; `None` stands for a row that must be refused."""
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as database, database:
        database.execute(f"PRAGMA synchronous={synchronous}")
        for write in writes:
            if write is None:
                database.execute("INSERT INTO upsertd_outbox (id, record) VALUES ('bad', '{\"values\":')")
                continue
            record = {key: value for key, value in write.items() if key not in ("id", "op")}
            operation = write.get("op", "upsert")
            database.execute("INSERT INTO upsertd_outbox (op, id, record) VALUES (?, ?, ?)",
                             (operation, write["id"], None if operation == "delete" else json.dumps(record)))


def lines(writes):
    """The bytes of a file of writes, one a line."""
    return b"".join(b'{"id": "bad", "values": [1,\n' if write is None else json.dumps(write).encode() + b"\n"
                    for write in writes)
