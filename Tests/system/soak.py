"""Mixed load with faults, kills and restarts for a given time, and samples of what the daemon uses meanwhile."""

import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import time

from conftest import BINARIES, Daemon
from test_hostile_server import hasty

NAMESPACES = ["", "articles", "people"]
FAULTS = [("apply_then_drop", {}), ("late_apply", {"ms": 1500}), ("delay", {"ms": 300}), ("reset", {"code": 2}),
          ("throttle", {"retry_after": 0.2}), ("throttle", {}), ("unavailable", {}), ("html", {"status": 502}),
          ("payload_too_large", {"bytes": 60_000}), ("wrong_count", {"count": 1})]
BACKLOG_MAX = 20_000


class Soak:
    """Two spools and an outbox, each with records of its own, so that the newest version of each is known."""

    def __init__(self, directory, index, seed, limit):
        self.directory, self.index, self.limit = directory, index, limit
        self.chance = random.Random(seed)
        self.database = directory / "app.db"
        subprocess.run([BINARIES / "upsertctl", "outbox", "init", self.database], check=True, capture_output=True)
        self.daemon = hasty(Daemon(directory, index.url, extra=f"outboxes:\n  - path: {self.database}\n    target: main\n"))
        text = self.daemon.config.read_text()
        self.daemon.config.write_text(
            text.replace("spools:\n", f"spools:\n  - directory: {directory}/second\n    target: main\n"))
        self.spools = [self.daemon.incoming, directory / "second" / "incoming"]
        self.newest, self.last_applied = {}, {}
        self.step = self.files = self.kills = self.restarts = self.written = self.bad = 0
        self.regressions, self.samples = [], []

    def start(self):
        self.daemon.start(wait=False)
        self.limit.join(self.daemon.process.pid)
        self.daemon.wait(lambda s: s["state"] in ("running", "paused"), 60)

    def run(self, seconds):
        """The load: for the first half of the time with kills; then one process lives on, whose use must be flat."""
        began = time.monotonic()
        next_fault = next_sample = next_stop = began
        while (now := time.monotonic()) < began + seconds:
            self.write()
            if now >= next_fault:
                self.change_faults()
                next_fault = now + self.chance.uniform(1, 5)
            if now >= next_stop and now < began + seconds / 2:
                self.interrupt()
                next_stop = now + self.chance.uniform(3, max(4, seconds / 40))
            if now >= next_sample:
                self.sample(now - began)
                next_sample = now + max(0.5, seconds / 400)
            time.sleep(self.chance.uniform(0, 0.1))
        self.index.call("DELETE", "/_faults")
        self.daemon.ctl("resume")
        self.daemon.ctl("reload")
        return self.daemon.idle(180)

    def write(self):
        self.step += 1
        source = self.chance.randrange(3)
        operations = []
        for _ in range(self.chance.choice([1, 5, 50, 500])):
            namespace, id = self.chance.choice(NAMESPACES), f"s{source}-{self.chance.randrange(2000)}"
            is_delete = self.chance.random() < 0.1
            self.newest[namespace, id] = None if is_delete else self.step
            operations.append({"id": id, "namespace": namespace} | (
                {"op": "delete"} if is_delete else {"values": [float(self.step), 1.0, 0.5, 0.25], "metadata": {"text": "x" * 100}}))
        self.written += len(operations)
        if source == 2:
            with sqlite3.connect(self.database, timeout=30) as rows:
                rows.executemany(
                    "INSERT INTO upsertd_outbox (op, id, namespace, record) VALUES (?, ?, ?, ?)",
                    [(o.get("op", "upsert"), o["id"], o["namespace"],
                      None if "op" in o else json.dumps({"values": o["values"], "metadata": o["metadata"]}))
                     for o in operations])
            rows.close()
        else:
            if self.chance.random() < 0.02:
                operations.append({"id": "bad", "values": [1]})
                self.bad += 1
            self.files += 1
            self.daemon.incoming = self.spools[source]
            self.daemon.drop(f"{self.files}.ndjson", operations)

    def change_faults(self):
        self.index.call("DELETE", "/_faults")
        for effect, more in self.chance.sample(FAULTS, self.chance.randint(0, 2)):
            self.index.call("POST", "/_faults", {"effect": effect, "probability": 0.3, **more})
        if self.chance.random() < 0.1:
            self.index.process.send_signal(signal.SIGSTOP)
            time.sleep(1.5)
            self.index.process.send_signal(signal.SIGCONT)

    def interrupt(self):
        action = self.chance.random()
        if action < 0.6:
            self.daemon.kill()
            self.kills += 1
            self.start()
        elif action < 0.8:
            assert self.daemon.stop() == 0
            self.restarts += 1
            self.start()
        else:
            self.daemon.ctl("pause")
            time.sleep(0.5)
            self.daemon.ctl("resume")

    def sample(self, at):
        self.check_journal()
        for place in (self.directory / "spool", self.directory / "second"):
            for file in (place / "rejected").glob("*"):
                file.unlink()
        pid = self.daemon.process.pid
        fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
        used = subprocess.run(["du", "-sk", self.directory / "queue", self.database], capture_output=True, text=True)
        self.samples.append({
            "at": at, "pid": pid, "rss_mb": int(fields["VmRSS"].split()[0]) / 1024,
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "disk_mb": sum(int(line.split()[0]) for line in used.stdout.splitlines()) / 1024})
        deadline = time.monotonic() + 60
        while self.daemon.status()["queued"]["records"] > BACKLOG_MAX and time.monotonic() < deadline:
            time.sleep(0.2)

    def check_journal(self):
        """No record went back to an older version; then the journal is emptied, since it has no bound."""
        for entry in self.index.journal()["entries"]:
            if entry["first"] is None:
                continue
            key = entry["namespace"], entry["id"]
            number = int(entry["first"])
            if number < self.last_applied.get(key, 0):
                self.regressions.append((key, self.last_applied[key], number))
            self.last_applied[key] = number
        self.index.call("DELETE", "/_journal")

    def differences(self):
        """Records whose state in the index is not that of their newest write."""
        different = []
        for namespace in NAMESPACES:
            ids = [id for space, id in self.newest if space == namespace]
            found = self.index.fetch(ids, namespace)
            for id in ids:
                has = int(found[id]["values"][0]) if id in found else None
                if has != self.newest[namespace, id]:
                    different.append((namespace, id, has, self.newest[namespace, id]))
        return different

    def growth(self, name):
        """From the first quarter to the last of the time in which one process lived, the medians of a figure."""
        lived = [sample[name] for sample in self.samples if sample["pid"] == self.samples[-1]["pid"]]
        lived = lived[len(lived) // 4:]  # caches fill first
        quarter = max(1, len(lived) // 4)
        return statistics.median(lived[:quarter]), statistics.median(lived[-quarter:])

