"""A run of the daemon that takes files of every kind and rows of an outbox, then newer writes for the same records, then stops."""

import collections
import json
import re
import shutil

from conftest import Index
from crash_daemon import CrashDaemon, insert, lines
from ledger import Ledger


class ScriptedRun:
    """One run under the tracer, which may end it or let it meet an error, and the run after it."""

    def __init__(self, directory, outbox_template):
        directory.mkdir()
        self.directory = directory
        self.outbox = directory / "state" / "app.db"
        self.index = Index(directory / "index", 4)
        self.daemon = CrashDaemon(directory / "state", self.index.url, self.outbox, second_spool=True)
        shutil.copy(outbox_template, self.outbox)
        self.ledger = Ledger()

    def run(self, *options):
        """Returns the exit status of the first run and the calls that it made."""
        try:
            self.submit_first()
            self.daemon.start_traced(*options)
            alive = self.daemon.rest_or_death()
            self.submit_second()
            if alive and self.daemon.rest_or_death():
                self.daemon.process.terminate()
            code = self.daemon.process.wait(60)
            self.log = self.daemon.log.read_text()
            self.daemon.start()
            self.ledger.check(self.daemon, self.index, [self.outbox])
            self.check_kept_files()
            assert self.daemon.stop() == 0
            return code, self.daemon.calls()
        finally:
            self.daemon.stop()
            self.index.stop()
            shutil.rmtree(self.directory, ignore_errors=True)

    def file(self, name, writes, namespace="", place=None, spool=None):
        """Drops a file and notes its writes."""
        shown = f"{place}/{name}" if place else name
        self.ledger.apply(writes, shown, namespace or place or "")
        if name.endswith(".json"):
            content = json.dumps({"vectors": writes, "namespace": namespace}).encode()
        else:
            content = lines(writes)
        self.drop(name, content, place, spool)

    def drop(self, name, content, place=None, spool=None):
        incoming, self.daemon.incoming = self.daemon.incoming, (spool or self.daemon.spool) / "incoming"
        self.daemon.drop(name, content, place)
        self.daemon.incoming = incoming

    def rows(self, writes):
        self.ledger.apply(writes)
        insert(self.outbox, writes)

    def upserts(self, prefix, numbers, **metadata):
        return [self.ledger.upsert(f"{prefix}{number}", **metadata) for number in numbers]

    def submit_first(self):
        self.file("01-good.ndjson", self.upserts("k", range(30)))
        self.file("02-bad.ndjson", self.upserts("b", range(5)) + [None] + self.upserts("b", range(3)) + [None])
        self.file("03-body.json", self.upserts("body", range(8)), namespace="bodies")
        self.ledger.apply([None], "04-broken.json")
        self.drop("04-broken.json", b'{"vectors": [{"id": "a", "values": [1, 2, 3, 4]}')
        self.file("05-place.ndjson", self.upserts("p", range(4)) + [None], place="place")
        self.file("06-newer.ndjson", self.upserts("k", range(10)))
        self.file("07-mixed.ndjson", [self.ledger.update("k10"), self.ledger.delete("k11"), self.ledger.update("k11"),
                                      *self.upserts("k", [12]), self.ledger.delete("k13"), *self.upserts("k", [13])])
        self.file("08-kept.ndjson", self.upserts("kept", range(6)) + [None], spool=self.daemon.kept)
        # More than one accept commit takes, so that it goes on from an offset, with an errors file that is begun.
        self.file("09-long.ndjson", [None] + self.upserts("long", range(110), padding="x" * 38_000) + [None])
        self.rows(self.upserts("row", range(6)) + [None, self.ledger.update("row0"), self.ledger.delete("row1")])

    def submit_second(self):
        self.file("11-newer.ndjson", self.upserts("k", range(8)) + [self.ledger.update("k14"), self.ledger.delete("k15")])
        self.file("12-newer.json", self.upserts("body", range(4)), namespace="bodies")
        self.file("13-bad.ndjson", [None] + self.upserts("b", range(4)), place="place")
        self.file("14-kept.ndjson", self.upserts("kept", range(3)), spool=self.daemon.kept)
        self.rows(self.upserts("row", range(3)) + [self.ledger.delete("row4")])

    def check_kept_files(self):
        """Accepted files are in done/ where that is asked for; a file refused as a whole is beside its errors."""
        assert {path.name for path in (self.daemon.kept / "done").iterdir()} == {"08-kept.ndjson", "14-kept.ndjson"}
        assert (self.daemon.spool / "rejected" / "04-broken.json").exists()


def site(call):
    """The call and the kind of file that it is about."""
    path = re.sub(r"\d+", "N", call["path"])
    path = re.sub(r"(claimed|incoming|done|rejected)/.*?(\.errors\.ndjson)?$", r"\1/*\2", path)
    return f"{call['call']} {path}"


def choose(calls, count, chance):
    """The numbers of `count` of the calls: one of each site first."""
    by_site = collections.defaultdict(list)
    for call in calls:
        by_site[site(call)].append(call["n"])
    sites = list(by_site)
    chance.shuffle(sites)
    chosen = [chance.choice(by_site[name]) for name in sites]
    rest = [call["n"] for call in calls if call["n"] not in chosen]
    chance.shuffle(rest)
    return (chosen + rest)[:count]
