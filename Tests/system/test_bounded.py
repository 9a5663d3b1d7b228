"""Whatever is thrown at it, memory and descriptors stay bounded, errors are clear, and nothing traps.

`UPSERTD_TEST_SCALE=full` runs the sizes of the promise; the default is a sample of each.
"""

import json
import os
import sqlite3
import subprocess
import threading
import time

import pytest

from conftest import BINARIES, Daemon, Index, vector
from test_hostile_server import fault

FULL = os.environ.get("UPSERTD_TEST_SCALE") == "full"
RSS_MB_MAX, DESCRIPTORS_MAX = 250, 80


def sized(sample, full):
    return full if FULL else sample


class Watched:
    """Samples a daemon's descriptors while the block runs; checks them and the peak of its memory at the end."""

    def __init__(self, daemon, rss_mb_max=RSS_MB_MAX):
        self.daemon, self.rss_mb_max = daemon, rss_mb_max
        self.descriptors, self.is_over = 0, False

    def __enter__(self):
        self.thread = threading.Thread(target=self.sample)
        self.started = time.monotonic()
        self.thread.start()
        return self

    def sample(self):
        while not self.is_over:
            self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{self.daemon.process.pid}/fd")))
            time.sleep(0.02)

    def __exit__(self, kind, *_):
        self.is_over = True
        self.thread.join()
        if kind is not None:
            return
        rss = self.daemon.peak_rss_mb()
        print(f"FIGURE rss {rss:.0f} MB, descriptors {self.descriptors}, {time.monotonic() - self.started:.1f} s")
        assert rss < self.rss_mb_max and self.descriptors < DESCRIPTORS_MAX


@pytest.fixture
def patience():
    return 3600 if FULL else 120


def test_many_small_files(daemon, index, patience):
    count = sized(5_000, 1_000_000)
    with Watched(daemon):
        for number in range(count):
            hidden = daemon.incoming / f".{number}"
            hidden.write_text(f'{{"id": "r{number}", "values": [{number % 8192}, 1, 2, {number // 8192}]}}\n')
            os.rename(hidden, daemon.incoming / f"{number}.ndjson")
        status = daemon.idle(patience)
    assert status["delivered"]["records"] == count == index.count()
    assert os.listdir(daemon.incoming) == os.listdir(daemon.spool / "claimed") == []


def test_files_that_already_lie_there_at_the_start(directory, index, patience):
    count = sized(5_000, 200_000)
    daemon = Daemon(directory, index.url)
    daemon.incoming.mkdir(parents=True)
    for number in range(count):
        (daemon.incoming / f"{number}.ndjson").write_text(f'{{"id": "r{number}", "values": [1, 2, 3, 4]}}\n')
    time.sleep(0.4)  # the settle time: files found by a scan must be unchanged for so long
    daemon.start()
    try:
        with Watched(daemon):
            assert daemon.idle(patience)["delivered"]["records"] == count == index.count()
    finally:
        daemon.stop()


def test_a_huge_file(directory, patience):
    index = Index(directory / "index", 768)
    daemon = Daemon(directory, index.url).start()
    values = ", ".join(f"{(number * 0.6180339887) % 1:.16f}" for number in range(768))
    size, count = sized(60_000_000, 10_000_000_000), 0
    try:
        with Watched(daemon):
            with open(daemon.incoming / ".big", "w") as file:
                while file.tell() < size:
                    for _ in range(100):
                        file.write(f'{{"id": "rec-{count:08d}", "values": [{values}]}}\n')
                        count += 1
            os.rename(daemon.incoming / ".big", daemon.incoming / "big.ndjson")
            assert daemon.idle(patience)["delivered"]["records"] == count == index.count()
    finally:
        daemon.stop()
        index.stop()


def test_a_line_of_a_hundred_megabytes_is_refused_and_the_next_goes_through(daemon, index):
    with Watched(daemon):
        with open(daemon.incoming / ".long", "wb") as file:
            file.write(b'{"id": "first", "values": [1, 2, 3, 4]}\n{"id": "long", "metadata": {"text": "')
            for _ in range(100):
                file.write(b"x" * 1_000_000)
            file.write(b'"}, "values": [1, 2, 3, 4]}\n{"id": "last", "values": [1, 2, 3, 4]}\n')
        os.rename(daemon.incoming / ".long", daemon.incoming / "long.ndjson")
        status = daemon.idle(60)
    assert status["delivered"]["records"] == 2 and set(index.fetch(["first", "long", "last"])) == {"first", "last"}
    error, = daemon.errors("long.ndjson.errors.ndjson")
    assert error["line"] == 2 and "max_line_size" in error["reason"] and error["text_truncated"] is True
    assert (daemon.spool / "rejected" / "long.ndjson").stat().st_size > 100_000_000


def test_json_nested_ten_thousand_deep(daemon, index):
    deep = "[" * 10_000 + "]" * 10_000
    objects = '{"a":' * 10_000 + "1" + "}" * 10_000
    lines = [f'{{"id": "m", "values": [1,2,3,4], "metadata": {{"x": {deep}}}}}', deep, objects, "[" * 100_000,
             f'{{"id": "v", "values": {deep}}}', f'{{"id": "u", "values": [1,2,3,4], "other": {objects}}}']
    with Watched(daemon):
        daemon.drop("deep.ndjson", ("\n".join(lines) + '\n{"id": "good", "values": [1,2,3,4]}\n').encode())
        daemon.drop("deep.json", f'{{"other": {objects}, "vectors": []}}'.encode())
        daemon.drop("array.json", deep.encode())
        status = daemon.idle()
    assert status["delivered"]["records"] == 1 and index.count() == 1
    errors = daemon.errors("deep.ndjson.errors.ndjson")
    assert [error["line"] for error in errors] == [1, 2, 3, 4, 5, 6] and all(error["reason"] for error in errors)
    assert daemon.errors("deep.json.errors.ndjson") and daemon.errors("array.json.errors.ndjson")


def test_many_namespaces(daemon, index, patience):
    count = sized(2_000, 100_000)
    with Watched(daemon):
        daemon.drop("a.ndjson", [{"id": "x", "values": vector(n), "namespace": f"tenant-{n}"} for n in range(count)])
        status = daemon.idle(patience)
    assert status["delivered"]["records"] == count == len(index.call("POST", "/describe_index_stats", {})["namespaces"])


def test_a_large_tenant_does_not_make_the_small_ones_wait(daemon, index):
    backlog, tenants, rounds = sized(150_000, 1_000_000), sized(50, 999), sized(4, 10)
    daemon.ctl("pause")
    for part in range(0, backlog, 50_000):
        daemon.drop(f"big-{part}.ndjson", [{"id": f"b{n}", "values": vector(n), "namespace": "big"}
                                           for n in range(part, part + 50_000)])
    daemon.wait(lambda s: s["accepted"]["records"] == backlog, 300)
    fault(index, "delay", ms=200)
    daemon.ctl("resume")
    daemon.wait(lambda s: s["delivered"]["records"] > 0)
    dropped, waits, seen = {}, {}, 0
    with Watched(daemon):
        for number in range(rounds):
            names = [f"t{number}-{tenant}" for tenant in range(tenants)]
            daemon.drop(f"small-{number}.ndjson", [{"id": name, "values": vector(1), "namespace": name} for name in names])
            dropped |= dict.fromkeys(names, time.monotonic())
            while len(waits) < len(dropped):
                entries = index.call("GET", f"/_journal?from={seen}")["entries"]
                seen += len(entries)
                now = time.monotonic()
                waits |= {entry["id"]: now - dropped[entry["id"]] for entry in entries if entry["namespace"] != "big"}
                assert now - dropped[names[0]] < 120, f"{len(dropped) - len(waits)} of round {number} are still waiting"
                time.sleep(0.02)
        left = daemon.status()["queued"]["records"]
        index.call("DELETE", "/_faults")
        daemon.idle(300)
    ranked = sorted(waits.values())
    print(f"FIGURE wait of {len(ranked)} small namespaces while {left} of {backlog} records of another were waiting: "
          f"median {ranked[len(ranked) // 2]:.2f} s, p99 {ranked[len(ranked) * 99 // 100]:.2f} s, "
          f"max {ranked[-1]:.2f} s; {tenants} at once, 200 ms a request, 12 in flight")
    assert left > 0, "the large tenant was done too early to say anything"
    # Everything that can be in front of a small namespace is one request of each other one, twelve at a time.
    assert ranked[len(ranked) * 99 // 100] < 1 + 2 * (tenants + 1) / 12 * 0.2


def test_a_long_outbox(directory, index, patience):
    count = sized(20_000, 1_000_000)
    path = directory / "app.db"
    subprocess.run([BINARIES / "upsertctl", "outbox", "init", path], check=True, capture_output=True)
    with sqlite3.connect(path) as database:
        database.executemany("INSERT INTO upsertd_outbox (id, record) VALUES (?, ?)",
                             ((f"k{n}", json.dumps({"values": vector(n)})) for n in range(count)))
    database.close()
    daemon = Daemon(directory, index.url, extra=f"outboxes:\n  - path: {path}\n    target: main\n").start()
    try:
        with Watched(daemon):
            status = daemon.wait(lambda s: s["idle"] and s["accepted"]["records"] == count, patience)
        assert status["delivered"]["records"] == count == index.count()
        assert sqlite3.connect(path).execute("SELECT count(*) FROM upsertd_outbox").fetchone() == (0,)
    finally:
        daemon.stop()


def test_a_hundred_thousand_bad_lines_are_one_message(daemon, index):
    with Watched(daemon):
        daemon.drop("bad.ndjson", b'{"id": "x", "values": [1]}\n' * 100_000 + b'{"id": "x", "values": [1,2,3,4]}\n')
        status = daemon.wait(lambda s: s["idle"] and s["delivered"]["records"] == 1, 120)
    assert status["rejected"]["records"] == 100_000 == len(daemon.errors("bad.ndjson.errors.ndjson"))
    assert sum("bad.ndjson" in line for line in daemon.log.read_text().splitlines()) == 1


def test_records_of_the_largest_size(directory):
    index = Index(directory / "index", 20_000)
    daemon = Daemon(directory, index.url).start()
    try:
        with Watched(daemon):
            values = [number / 16 for number in range(20_000)]
            metadata = {"text": "é" * ((40_960 - len('{"text":""}')) // 2)}
            daemon.drop("a.ndjson", [{"id": f"{n:0512d}", "values": values, "metadata": metadata} for n in range(60)])
            status = daemon.idle()
        assert status["delivered"]["records"] == 60 == index.count()
    finally:
        daemon.stop()
        index.stop()
