"""Power cuts for real: the disk under the daemon stops at random moments while producers hand over records.

Queue, spool and outboxes lie on an ext4 file system in a file; EXT4_IOC_SHUTDOWN makes it forget everything that was not
synced. Whatever a producer had synced must arrive, newest version last, whenever the cut came.
"""

import contextlib
import os
import random
import sqlite3
import threading
import time

from conftest import Index
from crash_daemon import CrashDaemon, insert, lines, make_outbox
from ledger import Ledger
from small_disk import SmallDisk, own_mounts

CUTS = int(os.environ.get("UPSERTD_TEST_CUTS", "10"))
CUTS_A_DISK = 5
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))


class FileProducer:
    """Drops files as the contract says: hidden name, fsync, rename, fsync of the directory."""

    def __init__(self, incoming, place, ledger):
        self.incoming = incoming / place if place else incoming
        self.place, self.ledger, self.files = place, ledger, 0

    def submit(self, chance, off):
        self.files += 1
        name = f"{self.files:06d}.ndjson"
        shown = f"{self.place}/{name}" if self.place else name
        writes = [self.ledger.upsert(f"once-{self.files}")]
        for _ in range(chance.choice([1, 5, 40])):
            hot = f"hot-{chance.randrange(20)}"
            writes.append(self.ledger.delete(hot) if chance.random() < 0.1 else self.ledger.upsert(hot))
        if chance.random() < 0.3:
            writes.insert(chance.randrange(len(writes)), None)
        maybe = True
        try:
            self.incoming.mkdir(parents=True, exist_ok=True)
            hidden = self.incoming / f".{name}"
            with open(hidden, "wb") as file:
                file.write(lines(writes))
                file.flush()
                os.fsync(file.fileno())
            hidden.rename(self.incoming / name)
            directory = os.open(self.incoming, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
            maybe = off.is_set()
        finally:
            self.ledger.apply(writes, shown, self.place, maybe)


class RowProducer:
    """Inserts rows, each transaction durable or, with `NORMAL`, only in order, as many applications have it."""

    def __init__(self, path, synchronous, ledger):
        self.path, self.synchronous, self.ledger, self.rows = path, synchronous, ledger, 0

    def submit(self, chance, off):
        writes = []
        for _ in range(chance.choice([1, 3])):
            self.rows += 1
            writes.append(self.ledger.upsert(f"{self.path.name}-{self.rows}"))
        if self.synchronous != "NORMAL":
            writes.append(self.ledger.upsert(f"{self.path.name}-hot-{chance.randrange(5)}"))
        maybe = True
        try:
            insert(self.path, writes, self.synchronous)
            maybe = off.is_set() or self.synchronous == "NORMAL"
        finally:
            self.ledger.apply(writes, maybe=maybe)

    def after_power_returned(self):
        """What is in the table of an application that does not sync has survived: from now on it is certain."""
        if self.synchronous != "NORMAL":
            return
        with contextlib.closing(sqlite3.connect(self.path, timeout=20)) as database:
            for (name,) in database.execute("SELECT id FROM upsertd_outbox"):
                self.ledger.confirm("", name)


class Round:
    """Some cuts on one pair of disks, and the check after them."""

    def __init__(self, directory, seed):
        self.chance = random.Random(seed)
        directory.mkdir()
        # Applications have a disk of their own: syncs of the queue must not be what makes changes to an outbox durable.
        self.disks = [SmallDisk(directory, 64, name=name) for name in ("disk", "apps")]
        self.log = directory / "daemon.log"
        self.index = Index(directory / "index", 4)
        self.ledger = Ledger()

    def run(self, cuts):
        try:
            with self.disks[0], self.disks[1]:
                self.prepare()
                try:
                    for _ in range(cuts):
                        self.cut()
                    self.daemon.start()
                    self.ledger.check(self.daemon, self.index, self.outboxes)
                finally:
                    self.daemon.stop()
        finally:
            self.index.stop()

    def prepare(self):
        # SQLite syncs the directory after the removal of a rollback journal only with EXTRA.
        journal, synchronous = self.chance.choice([("WAL", "FULL"), ("DELETE", "EXTRA")])
        outboxes = {"synced.db": journal, "unsynced.db": "WAL"}
        self.outboxes = [make_outbox(self.disks[1].path / name) for name in outboxes]
        for path, mode in zip(self.outboxes, outboxes.values()):
            sqlite3.connect(path).execute(f"PRAGMA journal_mode={mode}").connection.close()
        self.daemon = CrashDaemon(self.disks[0].path / "state", self.index.url, self.outboxes[0])
        with open(self.daemon.config, "a") as config:
            config.write(f"  - path: {self.outboxes[1]}\n    target: main\n")
        # The log is no part of what is tested, and is to be read afterwards.
        self.daemon.log = self.log
        incoming = self.daemon.incoming
        self.producers = [FileProducer(incoming, "", self.ledger), FileProducer(incoming, "place", self.ledger),
                          RowProducer(self.outboxes[0], synchronous, self.ledger),
                          RowProducer(self.outboxes[1], "NORMAL", self.ledger)]
        os.sync()

    def cut(self):
        """The daemon and the producers work, the power goes, and comes back."""
        seconds = self.chance.choice([0.1, 0.4, 0.8]) * self.chance.random() + 0.1
        # Producers that pause leave the daemon alone with the disk: their own syncs would make up for missing ones of it.
        busy = seconds * self.chance.choice([0.3, 0.7, 1.0])
        off = threading.Event()
        until = time.monotonic() + busy
        threads = [threading.Thread(target=self.produce, args=(producer, self.chance.random(), until, off))
                   for producer in self.producers]
        self.daemon.start(wait=False)
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        # A sync that the cut overtakes may still report success, which nobody would live to see: what returns from now on
        # says nothing. Likewise the disk that things are removed from goes first: with a commit that did not happen, the
        # daemon could still remove what it believes to have.
        off.set()
        for disk in reversed(self.disks):
            disk.cut_power()
        time.sleep(self.chance.choice([0, 0.05]))
        self.daemon.kill()
        for thread in threads:
            thread.join()
        for disk in self.disks:
            disk.unmount()
            disk.mount()
        for producer in self.producers[2:]:
            producer.after_power_returned()

    def produce(self, producer, seed, until, off):
        chance = random.Random(seed)
        try:
            while time.monotonic() < until and not off.is_set():
                producer.submit(chance, off)
                time.sleep(chance.choice([0, 0.002, 0.03]))
        except (OSError, sqlite3.Error):
            pass  # The power is gone; what that means for the last submission is noted.


def test_a_power_cut_loses_nothing_that_a_producer_had_synced(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    own_mounts()
    made = 0
    while made < CUTS:
        cuts = min(CUTS_A_DISK, CUTS - made)
        # One number replays one round: UPSERTD_TEST_SEED=N UPSERTD_TEST_CUTS=5.
        current = Round(directory / f"round-{made}", SEED + made)
        try:
            current.run(cuts)
        except BaseException:
            print(f"found after {made} to {made + cuts} cuts; UPSERTD_TEST_SEED={SEED + made} UPSERTD_TEST_CUTS={cuts}")
            print(current.log.read_text()[-3000:])
            raise
        made += cuts
        writes = sum(map(len, current.ledger.states.values()))
        print(f"{made} cuts, {writes} writes in this round", flush=True)
